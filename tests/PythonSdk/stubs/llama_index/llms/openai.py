"""A stub of llama-index-llms-openai, restated on 2026-11-30."""


class OpenAI:
    def __init__(self, model: str) -> None:
        self.model = model
