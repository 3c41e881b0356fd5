"""Baton's API as a client in one's own account reaches it: boto3, signing for the service that the endpoint is."""

import urllib.parse


def client(emulator, outputs, endpoint="ApiEndpoint", **options):
    """A Step Functions client of one of the deployed stack's function URLs."""
    # AWS resolves the URL's own host name; the emulator serves it under this path.
    url_id = urllib.parse.urlsplit(outputs[endpoint]).hostname.split(".")[0]
    address = f"{emulator.url}/_aws/lambda-url/{url_id}/"
    made = emulator.client("stepfunctions", address, inject_host_prefix=False, **options)
    made.meta.events.register("before-call.stepfunctions", sign_for_lambda)
    return made


def sign_for_lambda(context, **_):
    """A function URL wants a signature for `lambda`, whatever API is behind it."""
    context["signing"] = {**context.get("signing", {}), "signing_name": "lambda"}
