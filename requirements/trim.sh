#!/bin/sh
# Takes out of an installed environment what no process of the bot reads, 290 MB of 890. `trim.sh FOLDER`
# - the tests of libraries, headers for compilers, sample data;
# - pip, and pyarrow: MLflow declares it for the tables of training data, and nothing that the bot does imports it.
set -eu
packages=$(find "$1" -type d -name site-packages)
for package in scipy numpy pandas sklearn matplotlib mlflow; do
  find "$packages/$package" -type d \( -name tests -o -name test \) -prune -exec rm -rf {} +
done
# numpy.testing and its like stay: other libraries import them.
rm -rf "$packages/pyarrow" "$packages"/pyarrow-*.dist-info "$packages/pip" "$packages"/pip-*.dist-info \
  "$packages/numpy/_core/include" "$packages/matplotlib/mpl-data/sample_data"
