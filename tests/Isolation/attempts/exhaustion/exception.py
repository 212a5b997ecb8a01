raise ValueError("x" * 10_000_000)
# --- next run
print("held")
