"""The weeks that the demo floor covers, and the chance that fills them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random

WEEKS_BACK = 4
WEEKS_AHEAD = 4

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Window:
    """Whole weeks around today: four before this week's Monday, this week and three more."""

    today: date

    @property
    def monday(self) -> date:
        return self.today - timedelta(days=self.today.weekday())

    @property
    def first(self) -> date:
        return self.monday - timedelta(weeks=WEEKS_BACK)

    @property
    def last(self) -> date:
        return self.monday + timedelta(weeks=WEEKS_AHEAD) - ONE_DAY

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(7 * (WEEKS_BACK + WEEKS_AHEAD))]

    def from_monday(self, days: int) -> date:
        return self.monday + timedelta(days=days)

    def before_today(self, day: date) -> date:
        """`day`, or yesterday if that is earlier: nothing was decided in the future."""
        return min(day, self.today - ONE_DAY)


def dice(about: str) -> Random:
    """Chance that always falls the same way for the same subject, so that the same people are here every day."""
    return Random(f"opsdb demo: {about}")  # noqa: S311  # nosec B311  # of demo people, no secret


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    """A timestamp with zone, for columns that say when something was entered."""
    return datetime.combine(day, time(hour, minute), UTC)
