"""What a stage costs a month: one line for each thing that AWS counts, from parameters, templates and a load."""

from collections.abc import Iterator
from dataclasses import dataclass

from opsdb_deploy.cost_deployment import Deployment
from opsdb_deploy.cost_load import Load
from opsdb_deploy.cost_prices import Price, Prices
from opsdb_deploy.cost_services import SERVICES, Counted


@dataclass(frozen=True)
class Line:
    """One line of the estimate. `usd` is the price with nothing free: what an account pays whose allowances are used up
    by other stages. `usd_free` is that in an account's first twelve months with nothing else in it."""

    item: str
    quantity: float
    unit: str
    unit_usd: float
    usd: float
    usd_free: float
    depends: str
    listed: str


def estimate(deployment: Deployment, load: Load, prices: Prices) -> list[Line]:
    """Every line, in the order of the services; a free allowance is used up from the top."""
    return list(_lines(deployment, load, prices))


def _lines(deployment: Deployment, load: Load, prices: Prices) -> Iterator[Line]:
    left: dict[str, float] = {}
    for one in (counted for service in SERVICES for counted in service(deployment, load)):
        price = prices.of(one.price)
        free = min(one.quantity, left.get(one.price, price.free)) if one.may_be_free else 0.0
        left[one.price] = left.get(one.price, price.free) - free
        yield _line(one, price, free)


def _line(one: Counted, price: Price, free: float) -> Line:
    usd, usd_free = one.quantity * price.usd, (one.quantity - free) * price.usd
    return Line(one.item, one.quantity, price.per, price.usd, usd, usd_free, one.depends, price.listed)


def total(lines: list[Line]) -> tuple[float, float]:
    """What all lines come to: in the first twelve months, and after them."""
    return sum(one.usd_free for one in lines), sum(one.usd for one in lines)


PRICED: dict[str, tuple[str, ...]] = {
    "AWS::ApiGatewayV2::Api": ("API requests", "Data out"),
    "AWS::CloudWatch::Alarm": ("Alarms",),
    "AWS::CloudWatch::Dashboard": ("Dashboard",),
    "AWS::Cognito::UserPool": ("Users who sign in",),
    "AWS::EC2::FlowLog": ("Logs of database and network",),
    "AWS::EC2::VPCEndpoint": ("Secrets endpoint",),
    "AWS::EC2::VPNConnection": ("VPN connection", "VPN addresses"),
    "AWS::KMS::Key": ("Keys", "Key requests"),
    "AWS::Lambda::Function": ("Function calls", "API, computing", "Imports, computing"),
    "AWS::Logs::LogGroup": ("Logs of functions and API", "Logs kept"),
    "AWS::RDS::DBCluster": ("Database storage", "Database backups"),
    "AWS::RDS::DBInstance": ("Database", "Enhanced monitoring"),
    "AWS::S3::Bucket": ("Objects", "Objects in Glacier", "S3 writes and lists", "S3 reads"),
    "AWS::SecretsManager::Secret": ("Secrets",),
}
"""Type of a resource -> the lines that grow with it. A gateway endpoint, unlike an interface endpoint, is free."""

FREE: dict[str, str] = {
    "AWS::ApiGatewayV2::ApiMapping": "part of the API",
    "AWS::ApiGatewayV2::DomainName": "part of the API",
    "AWS::ApiGatewayV2::Integration": "part of the API",
    "AWS::ApiGatewayV2::Route": "part of the API",
    "AWS::ApiGatewayV2::Stage": "part of the API",
    "AWS::Budgets::Budget": "budgets without actions",
    "AWS::CertificateManager::Certificate": "public certificates for AWS's own services",
    "AWS::Cognito::UserPoolClient": "paid by users",
    "AWS::Cognito::UserPoolDomain": "paid by users",
    "AWS::Cognito::UserPoolGroup": "paid by users",
    "AWS::EC2::CustomerGateway": "paid by the connection",
    "AWS::EC2::RouteTable": "part of the VPC",
    "AWS::EC2::SecurityGroup": "part of the VPC",
    "AWS::EC2::SecurityGroupEgress": "part of the VPC",
    "AWS::EC2::SecurityGroupIngress": "part of the VPC",
    "AWS::EC2::Subnet": "part of the VPC",
    "AWS::EC2::SubnetRouteTableAssociation": "part of the VPC",
    "AWS::EC2::VPC": "a VPC costs nothing",
    "AWS::EC2::VPCGatewayAttachment": "paid by the connection",
    "AWS::EC2::VPNConnectionRoute": "paid by the connection",
    "AWS::EC2::VPNGateway": "paid by the connection",
    "AWS::EC2::VPNGatewayRoutePropagation": "paid by the connection",
    "AWS::Events::Rule": "schedules of the default bus",
    "AWS::IAM::Policy": "IAM costs nothing",
    "AWS::IAM::Role": "IAM costs nothing",
    "AWS::KMS::Alias": "part of the key",
    "AWS::Lambda::EventInvokeConfig": "part of the function",
    "AWS::Lambda::LayerVersion": "below the 75 GB of code that are free",
    "AWS::Lambda::Permission": "part of the function",
    "AWS::Logs::ResourcePolicy": "a policy",
    "AWS::RDS::DBClusterParameterGroup": "part of the database",
    "AWS::RDS::DBParameterGroup": "part of the database",
    "AWS::RDS::DBSubnetGroup": "part of the database",
    "AWS::RDS::EventSubscription": "paid by its topic",
    "AWS::Route53::RecordSet": "an alias to AWS's own services; the zone is the site's, 0.50 USD a month",
    "AWS::S3::BucketPolicy": "a policy",
    "AWS::SNS::Subscription": "a thousand mails a month are free",
    "AWS::SNS::Topic": "a thousand mails a month are free",
    "AWS::SNS::TopicPolicy": "a policy",
    "AWS::SQS::Queue": "a million requests a month are free, and these rest",
    "AWS::SQS::QueuePolicy": "a policy",
}
"""Types that cost nothing in the way opsdb uses them -> why."""
