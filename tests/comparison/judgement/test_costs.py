import pytest

from comparison.judgement.goals import is_cost


@pytest.mark.parametrize(
    "name",
    [
        "fit_time",
        "score_time",
        "latency_ms",
        "p95_latency",
        "latency.p99",
        "runtime",
        "eval_runtime",
        "trainTimeSec",
        "epoch_duration",
        "tokens_per_second",
        "train_samples_per_second",
        "throughput",
        "cost",
        "cost_usd",
        "total_cost",
        "peak_memory_mb",
        "gpu_memory_gb",
        "seconds_per_step",
        "time_to_accuracy",
        "total_emissions",
        "energy_kwh",
        "system/gpu_0_memory_usage_megabytes",
        "total_gflops",
    ],
)
def test_times_memory_energy_and_money_are_costs(name):
    assert is_cost(name)


@pytest.mark.parametrize(
    "name",
    [
        "accuracy",
        "loss",
        "val_cost",
        "train_cost",
        "mae_seconds",
        "time_mae",
        "duration_rmse",
        "latency_prediction_error",
        "min_loss",
        "RSS",
        "excess_return_with_cost.max_drawdown",
        "inference_time_f1",
        "mem_accuracy",
        "s",
        "timestep_count",
        "RMSE_Memory",
        "n_samples",
    ],
)
def test_how_good_a_run_is_is_no_cost_whatever_it_is_measured_in(name):
    assert not is_cost(name)
