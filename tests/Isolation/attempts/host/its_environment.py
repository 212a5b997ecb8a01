import os

# The guest itself sets it: the number of the context, for spans of the code.
OWN = {"PODFLARE_LINEAGE"}
found = [name for name in os.environ if name not in OWN and name.startswith(("PODFLARE", "DOCKER", "Podflare", "REDIS", "AWS", "KUBERNETES"))]
print(f"broken: the variables {found} come from the host" if found else "held")
