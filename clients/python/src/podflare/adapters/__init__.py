"""Sandboxes as tools of agent frameworks.

Each module is for one framework, and is imported only by those who use it: ``deepagents``, ``openai_agents``, ``anthropic``, ``smolagents``,
``llamaindex``, ``pydantic_ai`` and ``autogen``. The package itself depends on none of them. A module whose framework is not installed raises an
ImportError that names the extra to install.
"""
