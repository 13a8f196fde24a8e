"""Measures how good recommendations are: see rust/recommendations/examples/quality.rs."""
import subprocess

from servers import ROOT


def recommendations(rounds):
    print("\nRecommendations: the held-out last purchase among ten recommended books (target: at least 3 x most popular, "
          "or nearly what is possible)",
          flush=True)
    subprocess.run(
        ["cargo", "run", "--release", "--quiet", "--package", "recommendations", "--example", "quality", "--", str(rounds)],
        cwd=ROOT, check=True,
    )
