"""Lets LocalStack keep functions without running them: nothing runs what a change brings.

LocalStack's own executor prepares each version with Docker, and refuses to update a function
whose version it could not prepare. Found by the entry point that `install.sh` writes, and
chosen by LAMBDA_RUNTIME_EXECUTOR.
"""

from localstack.services.lambda_.invocation.plugins import RuntimeExecutorPlugin
from localstack.services.lambda_.invocation.runtime_executor import (
    LambdaRuntimeException,
    RuntimeExecutor,
)


class RunsNothing(RuntimeExecutor):
    @classmethod
    def prepare_version(cls, function_version):
        return None

    @classmethod
    def cleanup_version(cls, function_version):
        return None

    def start(self, env_vars):
        raise LambdaRuntimeException("functions are not run in a sandbox")

    def stop(self):
        return None

    def get_address(self):
        return "127.0.0.1"

    def get_endpoint_from_executor(self):
        return "127.0.0.1"

    def get_runtime_endpoint(self):
        return "http://127.0.0.1:4566/_localstack_lambda/none"

    def invoke(self, payload):
        raise LambdaRuntimeException("functions are not run in a sandbox")

    def get_logs(self):
        return ""


class RunsNothingPlugin(RuntimeExecutorPlugin):
    name = "nothing"

    def load(self, *args, **kwargs):
        return RunsNothing
