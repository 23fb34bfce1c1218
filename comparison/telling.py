"""The words by which a metric's name tells its goal. All lower case; phrases are words joined by a space."""

from comparison.runs import Goal


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LOWER = _words(
    """
    loss losses error err mae mse rmse rmsle msle mape smape wape wmape mase rmsse rmspe nrmse mdape medae sse rss rse
    logloss mlogloss merror nll nloglik ce bce crossentropy xent deviance hinge crps pinball perplexity ppl brier ece
    mce wer cer ter der mer wil misclassification inaccuracy aic bic
    fid kid kl kld jsd eer fpr fnr fdr frr hamming wasserstein levenshtein chamfer hausdorff frechet lpips niqe
    brisque inertia bouldin epe rtt ttft tpot bpc bpb bpd
    latency latencies delay time duration runtime walltime elapsed overhead
    ms msec millis milliseconds us microseconds ns nanoseconds sec secs seconds minutes hours
    regret cost toxicity emissions co2 hallucination
    """
)
HIGHER = _words(
    """
    accuracy accuracies acc precision recall sensitivity specificity tpr tnr ppv npv
    f0 f1 f2 f3 f5 fbeta fscore fmeasure auc aucs aucpr auroc rocauc roc auprc aupr prauc pauc aupro
    ap map mar ndcg dcg mrr hit hits iou miou giou dice
    jaccard r2 rsquared mcc matthews kappa qwk informedness youden bleu sacrebleu gleu rouge rougel rougelsum meteor
    chrf cider spice bleurt bertscore moverscore mauve comet psnr ssim snr sdr sisdr pesq stoi mos
    reward rewards rew return returns winrate success throughput fps qps rps tps speed speedup
    silhouette harabasz harabaz homogeneity completeness concordance cindex ari ami nmi qini auuc
    pearson pearsonr spearman spearmanr kendall kendalltau likelihood loglik loglikelihood elbo elo
    mota motp hota idf1 correctness faithfulness groundedness relevance relevancy dprime explained-variance
    profit revenue sharpe sortino
    """
)
PHRASES = {
    # lower
    **dict.fromkeys(
        (
            "cross entropy",
            "kullback leibler",
            "kl divergence",
            "jensen shannon",
            "js divergence",
            "negative log likelihood",
            "neg log likelihood",
            "negative loglik",
            "log loss",
            "abs rel",
            "sq rel",
            "edit distance",
            "word info lost",
            "perceptual image patch similarity",
            "performance degradation",
        ),
        "loss",
    ),
    **dict.fromkeys(
        (
            *(f"false {kind} rate" for kind in ("positive", "negative", "discovery", "omission", "alarm")),
            "fp rate",
            "fn rate",
            *(f"{kind} rate" for kind in ("failure", "fail", "miss", "crash", "misclassification", "hallucination")),
            "miss ratio",
            "failure ratio",
            "false acceptance",
            "false rejection",
        ),
        "fpr",
    ),
    "negative likelihood ratio": "nlr",
    # higher
    **dict.fromkeys(
        (
            "true positive rate",
            "true negative rate",
            "tp rate",
            "tn rate",
            "win rate",
            "pass rate",
            "pass at",
            "conversion rate",
            "success rate",
            "success ratio",
        ),
        "success",
    ),
    **dict.fromkeys(("hit rate", "hit ratio", "hits ratio", "hr at"), "hit"),
    "p at": "precision at",
    "r at": "recall at",
    **dict.fromkeys(("r 2", "r squared", "r square", "explained variance ratio"), "r2"),
    "explained variance": "explained-variance",
    **dict.fromkeys(("f 1", "f 2", "f beta", "f score", "f measure", "v measure", "fowlkes mallows"), "f1"),
    **dict.fromkeys(("area under the", "area under"), "auc"),
    **dict.fromkeys(("io u", "jaccard index", "intersection over union"), "iou"),
    "acc norm": "acc",
    **dict.fromkeys(("f1 samples", "precision samples", "recall samples", "jaccard samples"), "f1"),
    **dict.fromkeys(("mean reciprocal rank", "reciprocal rank"), "mrr"),
    **dict.fromkeys(
        ("signal to noise ratio", "signal noise ratio", "signal to noise", "peak signal noise ratio"), "snr"
    ),
    **dict.fromkeys(("structural similarity index", "structural similarity", "bert score"), "bertscore"),
    **dict.fromkeys(("rand index", "rand score", "mutual info", "mutual information", "information gain"), "nmi"),
    **dict.fromkeys(("c index", "concordance index", "concordance correlation"), "concordance"),
    **dict.fromkeys(("exact match", "inception score", "skill score", "word info preserved"), "accuracy"),
    **dict.fromkeys(("answer similarity", "semantic similarity"), "relevance"),
    **dict.fromkeys(
        (
            "matthews corr coef",
            "pearson corr coef",
            "spearman corr coef",
            "matthews correlation",
            "pearson correlation",
            "spearman correlation",
        ),
        "matthews",
    ),
    **dict.fromkeys(("positive likelihood ratio", "d prime", "time between failures", "time to failure"), "dprime"),
    # neither
    **dict.fromkeys(
        (
            "feature map",
            "heat map",
            "attention map",
            "saliency map",
            "mixed precision",
            "half precision",
            "full precision",
            "double precision",
            "float precision",
            *(f"{kind} time" for kind in ("start", "end", "created", "creation", "updated", "current", "up", "life")),
            *(f"{kind} time" for kind in ("watch", "dwell", "session", "survival")),
            "session duration",
            "time step",
            "time stamp",
            "time of day",
            "likelihood ratio",
            "likelihood ratios",
        ),
        "other",
    ),
    # scikit-learn's sign, spelt out
    "negative mean": "neg mean",
    "negative root": "neg root",
    "negative median": "neg median",
}
TELLING = {**dict.fromkeys(LOWER, Goal.LOWER), **dict.fromkeys(HIGHER, Goal.HIGHER), "nlr": Goal.LOWER}

NEGATED = _words(
    "error deviance brier loss logloss mse rmse mae mape msle rmsle medae nlr"
)  # behind scikit-learn's neg_
COUNTING = _words("n num nb number numbers count counts counter")  # a count, wherever it stands
SILENCING = _words(
    """
    weight weights scale scaling scaler factor coef coeff coefficient threshold thresholds thresh thr cutoff
    std stdev stddev stderr sd sem se var variance ci interval width bound delta diff difference gap change range spread
    skew skewness kurtosis norm norms grad grads gradient gradients size sizes samples steps iterations iters timesteps
    epochs batches episodes tokens limit budget target rank index idx id argmax argmin code type flag enabled seed
    version schedule decay window patience remaining left ratio fraction rejected history bins level bias slope trend
    momentum clip temperature temp params length len shape dim dims correlation pvalue statistic lambda alpha beta eps
    memory bytes kb mb gb timeout iteration minus
    """
)  # behind a telling word these make it something else: a loss weight is no loss
TURNING = _words("reduction reductions decrease drop decline degradation saving savings saved")
IMPROVING = _words("improvement improvements improved uplift lift boost")
OPPOSING = _words("neg minus inverse inv inverted")
SECONDS = _words("s sec secs second seconds ms min minute minutes h hr hour hours day")
COUNTED = _words(
    """
    it its iter iters iterations tok toks token tokens sample samples image images img imgs frame frames step steps
    req reqs request requests example examples word words sentence sentences batch batches episode episodes
    """
)
JOINING = _words(
    """
    at to until vs versus with without for on in of over given when by from than against between within after before
    """
)
EXEMPT_FROM_RATIO = _words("hit hits success toxicity error hallucination")
LEADING = ("train", "training", "val", "valid", "validation", "test", "eval", "dev")
