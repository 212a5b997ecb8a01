"""A stub of smolagents.remote_executors 1.27.0.dev0 (2026-07-11). Tools are sources here, as the real method makes them."""

import json
from typing import Any

from .local_python_executor import CodeOutput


class RemotePythonExecutor:
    FINAL_ANSWER_EXCEPTION = "FinalAnswerException"

    def __init__(self, additional_imports: list[str], logger: Any, allow_pickle: bool = False) -> None:
        self.additional_imports = additional_imports
        self.logger = logger
        self.allow_pickle = allow_pickle
        self.logger.log("Initializing executor, hold on...")
        self.installed_packages: list[str] = []

    def run_code_raise_errors(self, code: str) -> CodeOutput:
        raise NotImplementedError

    def send_tools(self, tools: dict[str, str]) -> None:
        for source in tools.values():
            self.logger.log(self.run_code_raise_errors(source).logs)

    def send_variables(self, variables: dict[str, Any]) -> None:
        if variables:
            self.run_code_raise_errors(f"import json\nlocals().update(json.loads({json.dumps(variables)!r}))")

    def __call__(self, code_action: str) -> CodeOutput:
        return self.run_code_raise_errors(code_action)

    @staticmethod
    def _deserialize_final_answer(encoded_value: str, allow_pickle: bool = False) -> Any:
        if not encoded_value.startswith("safe:"):
            raise ValueError("Unknown final answer format")
        return json.loads(encoded_value[5:])
