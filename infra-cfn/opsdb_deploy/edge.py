"""The edge template: one HTTP API route for each route of app.py."""

from typing import Any

from opsdb_deploy.declared import Route, routes
from opsdb_deploy.sources import skeleton


def edge_template(app: Any, stage: str) -> dict[str, Any]:
    """edge.yaml with the routes of `app`, a Chalice application."""
    template = skeleton("edge")
    template["Parameters"]["Stage"]["AllowedValues"] = [stage]
    for one in routes(app):
        assert one.logical not in template["Resources"], f"two routes would be called {one.logical}"
        template["Resources"][one.logical] = _route(one)
    return template


def _route(one: Route) -> dict[str, Any]:
    """The variables keep Chalice's names: Chalice looks the route up by the path as API Gateway writes it."""
    return {
        "Type": "AWS::ApiGatewayV2::Route",
        "Properties": {
            "ApiId": {"Ref": "Api"},
            "RouteKey": one.key,
            "Target": {"Fn::Sub": "integrations/${Integration}"},
            # Keys, tokens and cookies are all checked by the function, which also answers what needs none.
            "AuthorizationType": "NONE",
        },
    }
