"""A stub of autogen_ext.models.openai 0.7.5 (2026-04-06)."""


class OpenAIChatCompletionClient:
    def __init__(self, *, model: str) -> None:
        self.model = model
