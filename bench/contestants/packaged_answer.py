"""A package, cold: everything from the start of the process to the first answer.

`packaged_answer TASK_ROOT PATH STARTED KEY`, run as a file under -I -S: until it has answered, nothing but the package
can be imported.
"""

import sys
from types import SimpleNamespace

TASK_ROOT, PATH, STARTED, KEY = sys.argv[1:]
sys.path.insert(0, TASK_ROOT)

from app import app  # noqa: E402

headers = {"accept": "application/json", "host": "bench.example", "x-api-key": KEY}
answer = app(
    {
        "version": "1.0",
        "resource": PATH,
        "path": PATH,
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"limit": "1"},
        "multiValueQueryStringParameters": {"limit": ["1"]},
        "requestContext": {
            "resourcePath": PATH,
            "path": PATH,
            "httpMethod": "GET",
            "requestId": "bench",
            "stage": "$default",
        },
        "pathParameters": None,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
    },
    SimpleNamespace(aws_request_id="bench", function_name="api", get_remaining_time_in_millis=lambda: 30_000),
)

import time  # noqa: E402

seconds, cpu_seconds = time.monotonic() - float(STARTED), time.process_time()
assert answer["statusCode"] == 200, answer
sys.path.append(__file__.rpartition("/bench/")[0])

from bench.contestants.telling import peak_mb, tell  # noqa: E402

tell(seconds=seconds, cpu_seconds=cpu_seconds, peak_mb=peak_mb())
