# Whoever has the lowest score is killed last. The supervisor's is 500.
def score():
    return int(open("/proc/self/oom_score_adj").read())

try:
    open("/proc/self/oom_score_adj", "w").write("0")
except OSError:
    pass
print("held" if score() == 1000 else f"broken: this process has a score of {score()}, and the supervisor dies before it")
