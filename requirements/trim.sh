#!/bin/sh
# Takes out of an installed environment what no process reads: the tests of libraries, and headers for compilers.
# `trim.sh FOLDER`
set -eu
packages=$(find "$1" -type d -name site-packages)
for package in pyarrow scipy numpy pandas sklearn matplotlib mlflow; do
  find "$packages/$package" -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +
done
# numpy.testing and its like stay: other libraries import them.
rm -rf "$packages/pyarrow/include" "$packages/pyarrow/src" "$packages/numpy/_core/include" \
  "$packages/matplotlib/mpl-data/sample_data"
