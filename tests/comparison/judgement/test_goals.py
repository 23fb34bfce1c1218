from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.judgement.goals import decide_goal, goal_of, is_pattern, stated_goal
from comparison.judgement.result import GoalSource
from comparison.runs import Goal
from tests.comparison.builders import experiment

HIGHER = """
val/f1_score eval_rougeL test.top5_accuracy neg_mean_squared_error loss_improvement precision_at_10 hits@10
roc_auc_ovr BLEU-4 valAccuracy tokens_per_second words_per_sec error_reduction map_50 mAP roc_auc_score
r2_score f1_score explained_variance_score d_prime training_accuracy_score eval_samples_per_second
train_steps_per_second precision_at_k metrics/mAP50(B) metrics/recallB metrics/mAP50-95(B) mIoU val_mIoU
meanIoU nDCG@10 ndcg_at_10 BinaryF1Score MulticlassJaccardIndex MatthewsCorrCoef CohenKappa BinaryAUROC
PeakSignalNoiseRatio training_roc_auc precision_recall_auc neg_log_loss neg_brier_score test_neg_log_loss
rouge1/v1/mean exact_match/v1 pass@1 win_rate success_rate true_positive_rate signal_to_noise_ratio
log_likelihood ep_rew_mean rollout/ep_rew_mean rewards/chosen time/fps it/s samples/sec tok/s
images_per_sec_per_gpu acc@1 top1_acc acc1 testacc F1macro macroF1 f0.5 fbeta_2 R2 R^2 r_squared adjusted_r2
mean_io_u sparse_categorical_accuracy cost_savings reduction_in_error time_saved mean_reciprocal_rank
Prec. Prec Sens. clip_score dice_coef AR@100 purity macc sharpe_ratio true_positives
true_negatives val_tp f1_toxic accuracy_us mean_per_class_accuracy rank-1 top5 cosine_similarity brier_skill_score
excess_return_with_cost.annualized_return AUC_mu rewards_per_second best/accuracy Spec. hamming_score
tokens/sec/gpu loss_drop 1-error accuracy_with_dropout num_true_positives precision_label_2 adjusted_rand_index
d2_log_loss_score sensitivity_at_specificity acc_norm val_acc_epoch precision_class_0
accuracy_per_class brier_skill_score HR@10 recall@k f1_macro f1_samples jaccard_weighted
neg_negative_likelihood_ratio neg_root_mean_squared_log_error completeness_score v_measure_score
top_k_accuracy episode_return val_dice accuracy_improvement psnr_gain ROUGE-Lsum speech_to_text_accuracy
accuracy_on_error_cases PR_AUC prAUC weighted_f1 eval_HasAns_f1 neg_mean_poisson_deviance accuracy_score
precision_score.1 text_to_image_recall explained_variance d2_brier_score pearson_correlation
spearman_correlation average_precision_score d2_tweedie_score eval_cosine_accuracy
label_ranking_average_precision_score examples_per_sec requests_per_minute is_success Accuracy/train mmlu/acc
"""
LOWER = """
train_logLoss time_to_accuracy accuracy_loss RMSE p99_latency_ms inference_time seconds_per_step
false_positive_rate max_error val_loss eval_loss train_runtime log_loss error_rate word_error_rate
bits_per_byte bits_per_dim val_bpc loss train/box_loss mean_fit_time eval-mlogloss train-rmse
valid_0-multi_logloss validation-merror top_5_error accuracy_drop drop_in_accuracy epoch_time cost_per_hour
root_mean_squared_error mean_absolute_percentage_error negative_log_likelihood kl_divergence val_perplexity
toxicity/v1/ratio toxicity/v1/mean latency/mean fpr@95tpr fpr_at_95_tpr time_per_epoch ms_per_token
time_to_first_token valloss loss_epoch train_loss_step loss_increase calibration_error equal_error_rate
policy_gradient_loss entropy_loss kl_loss val_dice_loss jaccard_distance failures_per_second mmd ls_adv train_ls_mel
RMSE_Memory val_loss/dataloader_idx_0 rank_test_score rank_test_f1 false_positives fn 1-accuracy valid_0-l2
training-l1 loss_dice s/it ms/step bits/dim failed_requests toxic_rate mean_rank cosine_distance neg_elbo
accuracy_regret downtime hamming_distance loss_at_step_100 losses/policy_loss mean_squared_error_class_3
LearnedPerceptualImagePatchSimilarity MSELoss cross_entropy categorical_crossentropy hamming_loss
latency_in_ms ECE expected_calibration_error median_absolute_error davies_bouldin_score best_val_loss errors
reward_loss total_loss CharErrorRate tweedie-nloglik@1.5 miss_rate FID fid_score loss_at_best_accuracy
wall_time regret eval_wer meanSquaredError neg_log_likelihood max_error_class_2 Loss/train trainLoss G_loss
loss_d zero_one_loss brier_score_loss coverage_error label_ranking_loss mean_pinball_loss total_cost speed_ms
step_time_seconds
"""
UNKNOWN = """
score lr learning_rate epoch step n_samples train_samples n_errors num_correct
system/cpu_utilization_percentage model_size lossless_ratio apples std_accuracy variance_auc accuracy_ci95
delta_accuracy gap_accuracy return_with_cost.max_drawdown excess_return_with_cost.std best_val_loss_epoch
precision_bits approx_kl kl val_kl neg_loss loss/accuracy losses/dice recall@10_std threshold_f1 attack_success_rate
time/epoch time.day_of_week audio_seconds timeout_ms passed_tests top_10_features events_per_day distance speed
d_loss_std grad_norm/encoder_loss effective_rank rank_0 neg_similarity auc_p_value epoch_best_loss
best_cv_score total_flos training_score hp_metric grad_norm loss_weight loss_scale accuracy_std val_loss_std
stopped_epoch best_iteration example_count mean_on_target sum_on_target time/iterations time/total_timesteps
timestamp start_time end_time return_code rewards/rejected f1_threshold best_f1_thresh error_count hit_count
clip_fraction ep_len_mean mixed_precision feature_map_size std_test_score
tokens_per_step samples_per_epoch epochs_to_accuracy_90 steps_to_converge entropy gap generalization_gap
loss_ratio accuracy_ci accuracy_delta kl_coef kl_beta neg_accuracy x y a b foo 1 @ / gamma dropout
weight_decay temperature perplexed accurate timeout_x lr-Adam/pg1 momentum eval_gen_len l2_norm precisionist
mapping hitting aptitude number_of_errors watch_time n_estimators loss_minus_baseline correlation best_so_far
perplexity_stderr log_prob objective em churn_rate price samples_per_batch oob_score
"""


@pytest.mark.parametrize("name", HIGHER.split())
def test_the_name_says_that_higher_is_better(name):
    assert goal_of(name) is Goal.HIGHER


@pytest.mark.parametrize("name", LOWER.split())
def test_the_name_says_that_lower_is_better(name):
    assert goal_of(name) is Goal.LOWER


@pytest.mark.parametrize(
    "name", [*UNKNOWN.split(), "", "std F1-score - val", "train samples", "точность", "loss difference", "loss" * 200]
)
def test_the_name_does_not_say(name):
    assert goal_of(name) is Goal.UNKNOWN


@pytest.mark.parametrize("prefix", ["train", "val", "test", "eval", "epoch", "best", "mean", "macro", "weighted"])
@pytest.mark.parametrize("joint", ["_", "/", "-", ".", ":", " "])
def test_a_prefix_does_not_count_however_it_is_joined(prefix, joint):
    assert goal_of(f"{prefix}{joint}accuracy") is Goal.HIGHER
    assert goal_of(f"{prefix}{joint}loss") is Goal.LOWER


@pytest.mark.parametrize("suffix", ["_5", "@10", "_class_0", "/v1/mean", "_epoch", "_macro"])
def test_a_suffix_does_not_count(suffix):
    assert goal_of(f"recall{suffix}") is Goal.HIGHER
    assert goal_of(f"error{suffix}") is Goal.LOWER


NAMES = Path(__file__).parent / "goal_names"  # names that are in use, with the goal that people of the field give them


def names(part):
    rows = (NAMES / f"{part}.tsv").read_text(encoding="utf-8").splitlines()[1:]
    return {name: Goal(goal) for name, goal, _from in (row.split("\t") for row in rows)}


@pytest.mark.parametrize(
    ("part", "least"),
    [("development", 0.985), ("held_out", 0.985), ("later", 0.975), ("public_code", 0.97)],
)
def test_no_name_in_use_is_read_the_wrong_way_and_most_are_read(part, least):
    told = names(part)
    wrong = {name: goal_of(name) for name, goal in told.items() if goal_of(name) not in (goal, Goal.UNKNOWN)}
    assert wrong == {}
    right = Counter(goal_of(name) is goal for name, goal in told.items())
    assert right[True] / len(told) >= least


@pytest.mark.parametrize(
    "form",
    ["std_{}", "{}_std", "{}_stderr", "{}/variance", "{} (std)", "delta_{}", "{}_gap", "{}_diff", "{}_ci_upper"],
)
def test_how_far_a_metric_spreads_or_differs_has_no_goal(form):
    plain = [name for name in names("development") if ":" not in name and "e_m" not in name]  # delta E is a colour's
    assert [each for name in plain if goal_of(each := form.format(name)) is not Goal.UNKNOWN] == []


@given(st.text(max_size=300))
def test_any_name_has_a_goal(name):
    assert goal_of(name) in Goal


@pytest.mark.parametrize(
    ("requested", "channel", "tagged", "expected"),
    [
        ("higher", "lower", "lower", (Goal.HIGHER, GoalSource.REQUEST)),
        (None, "higher", "lower", (Goal.HIGHER, GoalSource.CHANNEL)),
        (None, None, "higher", (Goal.HIGHER, GoalSource.EXPERIMENT)),
        (None, None, None, (Goal.LOWER, GoalSource.NAME)),
        ("unknown", "lower", "lower", (Goal.UNKNOWN, GoalSource.REQUEST)),
    ],
)
def test_the_request_goes_before_the_channel_before_the_experiment_before_the_name(
    requested, channel, tagged, expected
):
    stated = [{"loss": Goal(goal)} if goal else {} for goal in (requested, channel, tagged)]
    assert decide_goal("loss", stated[0], stated[1], [experiment(goals=stated[2])]) == expected


def test_a_name_that_does_not_tell_has_no_source():
    assert decide_goal("foo", {}, {}, []) == (Goal.UNKNOWN, GoalSource.NONE)


def test_experiments_that_disagree_leave_the_goal_unknown():
    disagreeing = [experiment("x", goals={"loss": Goal.LOWER}), experiment("y", goals={"loss": Goal.HIGHER})]
    assert decide_goal("loss", {}, {}, disagreeing) == (Goal.UNKNOWN, GoalSource.NONE)


def test_one_experiment_that_says_is_enough():
    experiments = [experiment("x"), experiment("y", goals={"cost": Goal.HIGHER})]
    assert decide_goal("cost", {}, {}, experiments) == (Goal.HIGHER, GoalSource.EXPERIMENT)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("score_a", Goal.HIGHER),  # its own name goes before patterns
        ("score_b", Goal.LOWER),
        ("score_ab", Goal.UNKNOWN),  # a longer pattern goes before a shorter one
        ("Score_C", Goal.LOWER),
        ("wQuantileLoss[0.5]", Goal.HIGHER),  # brackets are brackets
        ("wQuantileLoss0", None),
        ("other", None),
    ],
)
def test_a_goal_may_be_stated_for_a_pattern(name, expected):
    goals = {"score_a": Goal.HIGHER, "score_*": Goal.LOWER, "score_a?": Goal.UNKNOWN, "wquantileloss[0*]": Goal.HIGHER}
    assert stated_goal(name, goals) is expected


def test_patterns_that_say_as_much_and_disagree_leave_it_unknown():
    assert stated_goal("score_a", {"score_*": Goal.LOWER, "*e_a?": Goal.HIGHER, "*core_a": Goal.HIGHER}) is Goal.UNKNOWN


@pytest.mark.parametrize("name", ["*", "?", "**", "_*", "score", ""])
def test_what_says_nothing_of_a_name_is_no_pattern(name):
    assert not is_pattern(name)


def test_a_pattern_of_the_channel_goes_before_the_tag_and_the_tag_before_the_name():
    tagged = [experiment(goals={"*_loss": Goal.HIGHER})]
    assert decide_goal("val_loss", {}, {"val_*": Goal.UNKNOWN}, tagged) == (Goal.UNKNOWN, GoalSource.CHANNEL)
    assert decide_goal("val_loss", {}, {}, tagged) == (Goal.HIGHER, GoalSource.EXPERIMENT)
