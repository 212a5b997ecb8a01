"""What the models of all stubs do: one call with this code, and then the text that they got as their answer."""

CODE = "print(sum(range(101)))"
COMMAND = f"python3 -c '{CODE}'"


def answer(text: str) -> str:
    return f"The code printed {text.strip()}."
