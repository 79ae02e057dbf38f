"""Calls a Moto server over HTTP, as the AWS API calls on standard input say.

Each line is a JSON object with service, operation, params, account and region;
each answer is a line with "answer" or with "error". botocore writes the requests
and holds their parameters to its models first.
"""

import json
import sys

import boto3
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError
from moto.server import ThreadedMotoServer

CONFIG = Config(retries={"max_attempts": 0}, parameter_validation=True)


class Accounts:
    """The clients of each account, service and region."""

    def __init__(self, endpoint):
        self.endpoint = endpoint
        self.credentials = {}
        self.clients = {}

    def client(self, service, account, region):
        key = (service, account, region)
        if key not in self.clients:
            self.clients[key] = boto3.client(
                service, region_name=region, endpoint_url=self.endpoint, config=CONFIG, **self.enter(account)
            )
        return self.clients[key]

    def enter(self, account):
        """Credentials of a role in an account: Moto tells accounts apart by them."""
        if account not in self.credentials:
            sts = boto3.client(
                "sts", region_name="us-east-1", endpoint_url=self.endpoint, aws_access_key_id="test", aws_secret_access_key="test"
            )
            role = sts.assume_role(RoleArn=f"arn:aws:iam::{account}:role/test", RoleSessionName="test")["Credentials"]
            self.credentials[account] = {
                "aws_access_key_id": role["AccessKeyId"],
                "aws_secret_access_key": role["SecretAccessKey"],
                "aws_session_token": role["SessionToken"],
            }
        return self.credentials[account]


def call(accounts, request):
    if request["service"] == "moto":  # where the server answers, for other clients
        return {"answer": {"url": accounts.endpoint}}
    client = accounts.client(request["service"], request["account"], request["region"])
    try:
        answer = getattr(client, xform_name(request["operation"]))(**request["params"])
    except ClientError as e:
        error = e.response["Error"]
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"error": {"code": str(error.get("Code")), "status": status, "message": str(error.get("Message"))}}
    except ParamValidationError as e:
        return {"error": {"code": "ParamValidation", "status": 0, "message": str(e)}}
    except Exception as e:  # an answer that botocore cannot read is Moto's mistake
        return {"error": {"code": type(e).__name__, "status": 0, "message": str(e)}}
    answer.pop("ResponseMetadata", None)
    return {"answer": answer}


def plain(value):
    return value.decode() if isinstance(value, bytes) else str(value)


def main():
    answers, sys.stdout = sys.stdout, sys.stderr  # Moto prints
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    accounts = Accounts("http://%s:%s" % server.get_host_and_port())
    for line in sys.stdin:
        print(json.dumps(call(accounts, json.loads(line)), default=plain), file=answers, flush=True)
    server.stop()


main()
