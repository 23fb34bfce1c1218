"""`python -m tests.sweep_noise`: how often a parameter is named of noise, and the right one of a true effect."""

from comparison.sweeps import find_importance, varying
from tests.comparison.sweeps.made import noise, signal

NOISE, SIGNAL = 60, 40  # sweeps of each size


def named(trials):
    found = find_importance(varying(trials), [trial.values[0] for trial in trials])
    return [each.name for each in found.telling]


def main():
    print("trials  named of noise  right first of a true effect  wrong first  silent")
    for n in (10, 20, 50, 100):
        false = sum(bool(named(noise(n, seed))) for seed in range(NOISE))
        told = [named(signal(n, seed)) for seed in range(SIGNAL)]
        right, silent = sum(each[:1] == ["lr"] for each in told), sum(not each for each in told)
        print(
            f"{n:6}  {false:3} of {NOISE:2}       {right:3} of {SIGNAL:2}                    {SIGNAL - right - silent:3}          {silent:3}",
            flush=True,
        )


if __name__ == "__main__":
    main()
