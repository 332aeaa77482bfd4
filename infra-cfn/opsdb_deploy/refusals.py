"""What AWS refuses, as one sentence that says what to do."""

import re
from typing import Any

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
UNKNOWN = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "InvalidAccessKeyId"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "UnauthorizedException", "403"}

WHO = "`aws configure` or `aws sso login` says who you are, and --profile names one of several"


def explained(error: Exception) -> str | None:
    """The sentence for a refusal of AWS or of boto3; None for anything else."""
    from botocore import exceptions

    if isinstance(error, exceptions.ClientError):
        return _of_aws(error)
    if isinstance(error, exceptions.ProfileNotFound):
        return f"{error}; `aws configure list-profiles` lists those there are"
    if isinstance(error, exceptions.NoRegionError):
        return "no region is set: give one with --region, e.g. --region eu-central-1"
    if isinstance(error, (exceptions.SSOError, exceptions.TokenRetrievalError)):
        return "the sign-in with AWS has run out: `aws sso login`, then the same command again"
    if isinstance(error, (exceptions.NoCredentialsError, exceptions.PartialCredentialsError)):
        return f"no credentials for AWS were found: {WHO}"
    if unreachable(error):
        return f"AWS does not answer ({error}); try again, what was done so far stays"
    return f"AWS cannot be asked ({error})" if isinstance(error, exceptions.BotoCoreError) else None


def unreachable(error: Exception) -> bool:
    """Whether it was the way to AWS that failed."""
    from botocore import exceptions

    return isinstance(error, (exceptions.ConnectionError, exceptions.HTTPClientError))


def code(error: Any) -> str:
    """AWS's code of a ClientError."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message(error: Any) -> str:
    """AWS's own words of a ClientError."""
    return str(error.response.get("Error", {}).get("Message", ""))


def _of_aws(error: Any) -> str:
    if code(error) in EXPIRED:
        return "the credentials for AWS have run out: `aws sso login` or new keys, then the same command again"
    if code(error) in UNKNOWN:
        return f"AWS does not know these credentials: {WHO}"
    if code(error) in DENIED:
        named = re.search(r"not authorized to perform:? (\S+)", message(error))
        action = named[1] if named else error.operation_name
        return f"you may not do that: {action} is denied; docs/deploy.md lists the rights that deploying needs"
    return f"AWS refused {error.operation_name}: {message(error) or code(error)}"
