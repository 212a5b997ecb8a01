import os

found = [name for name in os.environ if name.startswith(("PODFLARE", "DOCKER", "Podflare", "REDIS", "AWS", "KUBERNETES"))]
print(f"broken: the variables {found} come from the host" if found else "held")
