"""The way a metric is meant to go, within what its values count as the same, and who says so.

A name is read as a noun phrase: `val_dice_loss_epoch` is a loss. Its words are parts with a role, and a few rules say
how roles combine: the last measure counts, what stands around it can turn it round or make it another quantity.
A word without a role is the name of a class, a data set or a model, and does not count. Unknown beats wrong.
Likewise a name tells that a metric is a cost of a run, not a result.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise

from comparison.channel_defaults import EVERY
from comparison.judgement.examples import is_logged_test
from comparison.judgement.result import GoalSource
from comparison.runs import Experiment, Goal

_LONGEST = 250  # characters, as many as MLflow keeps of a name
EITHER = "higher|lower"  # what is offered where nobody knows: one of the two is to be typed
_OPPOSITE = {Goal.HIGHER: Goal.LOWER, Goal.LOWER: Goal.HIGHER, Goal.UNKNOWN: Goal.UNKNOWN}


def decide_goal(
    name: str, requested: Mapping[str, Goal], channel: Mapping[str, Goal], experiments: Sequence[Experiment]
) -> tuple[Goal, GoalSource]:
    """The goal of a metric and who said so: the request, the channel, the experiments, the name, in this order.

    Experiments that disagree leave it unknown.
    """
    for stated, source in ((requested, GoalSource.REQUEST), (channel, GoalSource.CHANNEL)):
        if (goal := stated_goal(name, stated)) is not None:
            return goal, source
    tagged = {goal for each in experiments if (goal := stated_goal(name, each.goals)) is not None}
    if tagged:
        return (tagged.pop(), GoalSource.EXPERIMENT) if len(tagged) == 1 else (Goal.UNKNOWN, GoalSource.NONE)
    assumed = goal_of(name)
    return assumed, GoalSource.NONE if assumed is Goal.UNKNOWN else GoalSource.NAME


def stated_goal(name: str, goals: Mapping[str, Goal]) -> Goal | None:
    """The goal stated for a metric: by its own name, else by the pattern that says most of it.

    Patterns that say as much of it and disagree leave it unknown. None: nothing is stated for it.
    """
    if not goals:
        return None
    if name in goals:
        return goals[name]
    patterns = [pattern for pattern in goals if is_pattern(pattern) and fits(name, pattern)]
    most = max(map(_letters_of, patterns), default=0)
    found = {goals[pattern] for pattern in patterns if _letters_of(pattern) == most}
    if not found:
        return None
    return found.pop() if len(found) == 1 else Goal.UNKNOWN


def is_pattern(name: str) -> bool:
    """Whether a name stands for several metrics, such as `score_*`; one of stars alone stands for nothing."""
    return ("*" in name or "?" in name) and _letters_of(name) > 0


def fits(name: str, pattern: str) -> bool:
    """Whether a metric is one that the pattern stands for, in capitals or not; brackets are brackets."""
    return fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]"))


def _letters_of(pattern: str) -> int:
    return sum(sign.isalnum() for sign in pattern)


# The words that names of metrics are made of, and what each does to the goal of the metric.


class WordRole(Enum):
    """What a part of a name does to its goal."""

    GOOD = auto()  # a measure of quality: higher is better
    BAD = auto()  # a measure of errors, costs or time: lower is better
    FAINT_GOOD = auto()  # a measure where the name has no plainer one: top-1, rank-1
    FAINT_BAD = auto()
    OTHER = auto()  # another quantity where it stands behind a measure: a loss weight is no loss
    SPREAD = auto()  # another quantity wherever it stands: std_accuracy, accuracy_gap
    SETTING = auto()  # likewise: threshold_f1, attack_accuracy
    COUNT = auto()  # likewise, unless it counts true or false positives
    NEGATION = auto()
    COMPLEMENT = auto()  # one minus …
    FALL = auto()  # turns a measure round: an error reduction is good
    RISE = auto()  # makes every measure good: a loss improvement
    GAIN = auto()
    SIMILARITY = auto()
    KIND = auto()  # what a distance is of: cosine, edit
    DISTANCE = auto()
    RANK = auto()
    AVERAGE = auto()
    SPLIT = auto()  # which data: train, val, test
    EXTREME = auto()  # best, max
    POSITION = auto()  # epoch, step
    NUMBER = auto()
    JOINT = auto()  # at, of, with
    PER = auto()
    NOTHING = auto()  # a word that does not count


@dataclass(frozen=True, slots=True)
class NamePart:
    """A word or phrase of a name, and what it does."""

    text: str
    role: WordRole = WordRole.NOTHING
    is_named: bool = False  # a coefficient, an index or a ratio behind it belongs to it: dice coefficient, hit ratio
    is_tally: bool = False  # a count of the confusion matrix
    is_event: bool = False  # what happens or not, which may be the name of a class: f1_toxic, toxic_rate


# The words: measures by field, then what stands around them. Commas part phrases.


def _phrases(text: str) -> list[str]:
    return [" ".join(each.split()) for each in text.split(",")]


_GOOD = """
    accuracy, accuracies, acc, precision, recall, sensitivity, specificity, tpr, tnr, ppv, npv, prec, sens, f1, f2,
    f3, f5, fbeta, fscore, fmeasure, maxf, auc, aucs, aucpr, auroc, aurocs, rocauc, roc, auprc, aupr, prauc, pauc,
    aupro, auc mu, area under the, area under, gmean, g mean, g measure, max f, geometric mean score, negative
    predictive value, positive predictive value, f0 5, f 1, f 2, f beta, f score, bf score, f measure, v measure, s
    measure, e measure, d prime, dprime, informedness, markedness, ap, aps, apm, apl, map, mar, pq, ndcg, dcg, mrr,
    arhr, bpref, lrap, lwlrap, rprec, r precision, p at, r at, precision at, pre at, recall at, rsum, cmc, minp, mean
    reciprocal rank, reciprocal rank, rank ic, rank icir, f1 samples, precision samples, recall samples, jaccard
    samples, average precision samples, intersection over union, acc norm, accuracy norm, objective intelligibility,
    mc1, mc2, math verify, dsc, nsd, surface dice, pixacc, aji, hota, mota, amota, idf1, det a, ass a, loc a, eao, j
    f, pck, pckh, nds, spl, softspl, lddt, plddt, tm score, gdt ts, bedroc, r2, r 2, rsquared, r squared, r square,
    explained variance, explained var, var explained, mcc, qwk, vmeasure, nse, nash sutcliffe, kge, corrcoef, corr
    coef, correlation coefficient, adjr, directional accuracy, ccc, pcc, plcc, srcc, krcc, bleu, sacrebleu, codebleu,
    gleu, rouge, rougel, rougelsum, meteor, chrf, cider, spice, bleurt, bertscore, bert score, bartscore, moverscore,
    mauve, comet, xcomet, nist, sari, distinct, blex, smatch, summac, questeval, unieval, bart score, inform rate,
    word info preserved, edit similarity, emr, psnr, ssim, msssim, snr, sdr, sdri, sisdr, sisnr, snri, pesq, stoi,
    estoi, mos, utmos, dnsmos, csig, cbak, covl, visqol, vif, fsim, uqi, musiq, maniqa, vmaf, clip score, clipscore,
    clip sim, clip s, clip i, clip t, clip iqa, inception score, image reward, imagereward, pick score, pickscore,
    hpsv, hps, geneval, dino score, peak signal noise ratio, peak signal to noise ratio, aesthetic, aesthetics, signal
    to noise ratio, signal to noise, signal noise ratio, signal to distortion ratio, signal distortion ratio,
    structural similarity index measure, structural similarity index, structural similarity, image quality index,
    visual information fidelity, reward, rewards, rew, return, returns, ep ret, winrate, won mean, throughput, fps,
    qps, rps, tps, sps, wps, ups, tgs, iops, goodput, mfu, hfu, speedup, parallel efficiency, availability,
    silhouette, homogeneity, completeness, purity, modularity, ari, ami, nmi, npmi, trustworthiness, mutual info,
    mutual information, mutual information gap, mig, information gain, average gain, rand score, topic diversity,
    coherence, consensus, auuc, likelihood, loglik, loglikelihood, log marginal, elbo, evidence lower bound, elo,
    hypervolume, fitness, cindex, c index, harrell c, harrells c, uno c, correctness, faithfulness, groundedness,
    relevance, relevancy, helpfulness, harmlessness, fluency, conciseness, clarity, safety, quality, satisfaction,
    csat, instruction following, robustness, consistency, novelty, serendipity, diversity, uniqueness, validity, valid
    frac, answer similarity, semantic similarity, guidelines, sufficiency, equivalence, item coverage, itemcoverage,
    catalog coverage, user coverage, pfound, p found, driving score, bwt, backward transfer, forward transfer, qed,
    enrichment factor, profit, profits, revenue, pnl, roi, cagr, sqn, equity, information ratio, profit factor,
    positive likelihood ratio, demographic parity ratio, equalized odds ratio, equal opportunity ratio, krippendorff
    alpha, cronbach alpha, time between failures, time to failure, feasibility, explained deviance, vus, hamming
    score, threat score, recip rank, iprec, rbp, mcfadden, rpd, rpiq, willmott, evs, uar, froc, hmean, oks, rra, rta,
    anls, apr, apf, apc, cmos, smos, wvmos, mushra, ssnr, segsnr, erle, rtfx, ovl, vendi, nrqm, qnr, vifp, haarpsi,
    fsimc, nima, mssim, dockq, crpss, dbcv, utility, usefulness, naturalness, informativeness, truthfulness, honesty,
    creativity, empathy, plausibility, intelligibility, fidelity, realism, efficiency, reliability, interpretability,
    adherence, compliance, prompt alignment, text alignment, attainment, sequence recovery, enrichment, expectancy,
    payoff ratio, recovery factor, win loss ratio, profit and loss, profit loss, rankic, rankicir, ann ret, cum ret,
    total ret, excess ret, mean ret, avg ret, net worth, portfolio value, gmv, arpu, ltv, nps, roas, precison, percent
    correct, pct correct, fraction correct, correct rate, dock q, variance explained, explained variance ratio, time
    in range, valid rate, agreement, acuracia, exactitud, exactitude, genauigkeit, precisao, rappel
"""
_GOOD_NAMED = """
    exact match, dice, jaccard, tversky, matthews, kappa, wkappa, pearson, pearsons, pearsonr, spearman, spearmanr,
    kendall, kendalltau, youden, youdens, rand, dunn, iou, io u, miou, giou, qini, concordance, harabasz, harabaz,
    fowlkes mallows, gini normalized, normalized gini, sharpe, sortino, calmar, omega, treynor, critical success, rank
    corr, rank correlation
"""  # an index, a coefficient or a ratio may be named after these
_GOOD_EVENTS = """
    success, successes, hit, hits, win rate, win ratio, win percentage, pass rate, pass at, conversion rate, detection
    rate, detection probability, task completion, route completion, completion rate, true positive rate, true negative
    rate, tp rate, tn rate, hr at, retention, hitrate, solve rate, match rate, matching rate, recovery, capture
"""
_DONE_WELL = "solved, resolved, reached, matched, attained, recovered, passed"  # good where it is a rate
_DONE_BADLY = "dropped, lost, invalid, misclassified, fabricated, unsolved"
_GOOD_TALLIES = "true positive, true positives, true negative, true negatives, tp, tn"
_FAINT_BAD = "far, hd, der, mer, jer, rpe, ade, rss"
_FAINT_GOOD = """
    exact, performance, top, pa, ic, icir, ess, pod, ets, hss, las, uas, clas, mlas, sir, tar, icc, idr, idp, oa,
    wins, ll, lls
"""
_BAD = """
    loss, losses, error, err, errors, mae, mse, rmse, rmsle, msle, mape, smape, wape, wmape, maape, mase, rmsse,
    rmspe, nrmse, nmse, mspe, msre, mrae, gmrae, mdape, medape, medae, med ae, rrse, rae, sse, rse, owa, msis, epe,
    nme, mpjpe, pehe, mate, maoe, mave, maae, abs rel, absrel, sq rel, sqrel, log rms, silog, si log, nmae, md ape,
    edit rate, rel l1, rel l2, l1 rel, l2 rel, logloss, mlogloss, merror, mphe, nll, nbll, nloglik, ce, bce,
    crossentropy, cross entropy, xent, deviance, max error, min ade, min fde, min dcf, hinge, huber, smooth l1,
    logcosh, log cosh, pinball, crps, wql, quantile loss, ranked probability score, focal, info nce, infonce, nt xent,
    ntxent, pair logit, language cross entropy, negative log likelihood, neg log likelihood, neg log lik, negative
    loglik, neg loglik, brier, ibs, perplexity, ppl, bpc, bpb, bpd, ece, mce, smece, aurc, eaurc, miscalibration, wer,
    cer, ter, wil, word info lost, eer, fpr, fnr, fdr, frr, fmr, fnmr, apcer, bpcer, acer, dcf, mindcf, fall out,
    inaccuracy, aic, aicc, bic, fid, sfid, rfid, gfid, kid, cmmd, mmd, fvd, fad, swd, kld, jsd, lpips, dists, niqe,
    brisque, piqe, mcd, lsd, rtf, real time factor, mel cepstral distortion, distortion index, spectral angle mapper,
    image patch similarity, perceptual path length, procrustes disparity, dimensionless synthesis, kl div, kl
    divergence, kullback leibler, jensen shannon, js div, js divergence, self bleu, dtw, emd, chamfer, hausdorff,
    frechet, levenshtein, wasserstein, sinkhorn, hamming, inertia, wcss, within cluster sum of squares, rmsd, assd,
    asd, minade, minfde, fde, idsw, id switches, frag, fragmentations, id sw, amotp, med r, interval score, winkler
    score, energy score, variation of information, rtt, ttft, tpot, itl, latency, latencies, delay, time, times,
    duration, runtime, walltime, elapsed, overhead, regret, exploitability, cost, costs, slippage, emissions,
    emission, co2, energy consumed, energy consumption, energy kwh, forgetting, distance to goal, noise sensitivity,
    negative likelihood ratio, demographic parity difference, equalized odds difference, wrmsse, mql, cvrmse, smdape,
    rmsre, rmae, wmae, mre, rmsep, rmsecv, lamr, fppi, olrp, voe, gmsd, mdsi, ilniqe, ciede2000, delta e, deltae,
    ergas, fcd, rmsce, augrc, tace, dbi, igd, ici, vde, timing, timings, jitter, makespan, tardiness, lateness, ulcer
    index, fees, commission, commissions, cpa, cac, sycophancy, redundancy, carbon footprint, mdae, mrstft,
    overfitting, perda, perte, erro, erreur, fehler, deletion auc
"""
_BAD_NAMED = "bouldin, xie beni"
_BAD_EVENTS = """
    failure, failures, failed, fail, miss, misses, missed, crash, crashes, collision, collisions, violation,
    violations, infraction, infractions, fault, faults, defect, defects, timeouts, timeout rate, outage, outages,
    misclassification, missed detection, missed detections, hallucination, hallucinations, toxicity, toxic,
    harmfulness, harmful, unsafe, offroad, off road, repetition, packet loss, false alarm, false alarms, false accept,
    false reject, false acceptance, false rejection, false match, false non match, false positive rate, false negative
    rate, false discovery, false omission, fp rate, fn rate, unk, bad, exceptions, fabrication, jailbreak, leakage,
    leaks, fall rate, stalls, retries, preemptions, downtime, mostly lost, insult, profanity, hate, suboptimal,
    malformed
"""
_BAD_TALLIES = "false positive, false positives, false negative, false negatives, fp, fn"
_SPREAD = """
    std, stdev, stddev, stdv, standard deviation, standard error, std error, std err, stderr, sd, se, sem, var,
    variance, vars, ci, ci95, confidence interval, iqr, mad, delta, diff, diffs, difference, differences, gap, gaps,
    change, changes, range, spread, skew, skewness, kurtosis, bound, bounds, lower, upper, disparity, minus,
    volatility, drawdown, zscore, grad norm, gradient norm, grad norms, gradient norms, bias error, seasonal error,
    vol, mdd, maxdd, cvar
"""
_SETTING = """
    threshold, thresholds, thresh, thr, cutoff, lambda, argmin, argmax, attack, attacker, adversary, mia, membership
    inference, backdoor, discriminator acc, discriminator accuracy
"""
_OTHER = """
    weight, weights, scale, scaling, scaler, factor, multiplier, coef, coeff, coefs, coefficient, width, correlation,
    corr, statistic, index, idx, id, indices, grad, grads, gradient, gradients, size, sizes, samples, steps,
    iterations, iters, timesteps, updates, epochs, batches, episodes, rounds, tokens, limit, budget, target, targets,
    code, type, flag, enabled, seed, version, schedule, decay, window, patience, remaining, left, ratio, fraction,
    frac, rejected, history, bins, bin, level, bias, slope, intercept, trend, momentum, clip, clipfrac, temperature,
    temp, params, parameters, length, lengths, len, shape, dim, dims, pvalue, alpha, beta, gamma, eps, epsilon, bytes,
    bits, kb, mb, gb, kib, mib, gib, megabytes, gigabytes, timeout, iteration, curve, matrix, report, support, name,
    path, plot, prediction, predictions, values, logit, logits, logp, logps, prob, hist, histogram, mode, penalty,
    confidence, uncertainty, importance, contribution, density, capacity, utilization, usage, frames, scores, signs,
    max time, frequency, freq, interval, period, horizon, entropy, coverage, drift, stability, complexity, margin,
    margins, sum of, rate limit, learning rate, lr, flops, gflops, macs, rmsprop, psi, flos, trades, exposure,
    turnover, feature map, heat map, attention map, saliency map, class map, label map, mixed precision, half
    precision, full precision, double precision, float precision, start time, end time, created time, creation time,
    updated time, current time, time step, time steps, time stamp, timestamp, time of day, time limit, time to event,
    time budget, likelihood ratio, likelihood ratios, err at, regularization, approx kl, approxkl, kl penalty, kl
    coef, log prob, log probs, n gram, churn, refusal, abstention, radius, neighbors, dtype, stop loss, take profit, p
    value, p values, return rate, time since, time zone, time window, time index, time idx, time point, time points,
    time series, time range, first time, last time, policy delay, disagreement, time hour, time day
"""
_WORDS = {
    WordRole.NEGATION: "neg, negative, inverse, inv, inverted",
    WordRole.COMPLEMENT: "one minus",
    WordRole.FALL: """
        reduction, reductions, decrease, drop, drops, decline, degradation, saving, savings, saved, queda, caida
    """,
    WordRole.RISE: "improvement, improvements, improved, uplift, lift, boost",
    WordRole.GAIN: "gain, gains",
    WordRole.SIMILARITY: "similarity, sim",
    WordRole.KIND: """
        cosine, edit, euclidean, manhattan, mahalanobis, minkowski, hellinger, bhattacharyya, kolmogorov, energy,
        variation, mover, movers, audio, inception, surface, spectral, log spectral, bray curtis, proxy a, vi
    """,
    WordRole.DISTANCE: "distance, distances, dissimilarity, divergence",
    WordRole.RANK: "rank, ranks",
    WordRole.AVERAGE: "mean, avg, average, median, harmonic, geometric, arithmetic",
    WordRole.SPLIT: """
        train, training, trn, val, valid, validation, test, testing, eval, evaluation, dev, holdout, learn, cv, oof
    """,
    WordRole.EXTREME: "best, max, min, maximum, minimum, highest, lowest, peak",
    WordRole.POSITION: "epoch, step, iter, round, trial, batch",
    WordRole.COUNT: "n, num, nb, number, numbers, count, counts, counter",
    WordRole.JOINT: """
        at, to, until, vs, versus, with, without, for, on, in, of, over, given, when, by, from, than, against, between,
        within, after, before, using, under
    """,
    WordRole.PER: "per",
    WordRole.NOTHING: "so far, short time, dataloader idx",
}


def word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


COUNTED = word_set("""
    it its iter iters iteration iterations tok toks token tokens sample samples image images img imgs frame frames
    step steps req reqs request requests query queries example examples item items row rows record records char chars
    word words sentence sentences batch batches episode episodes epoch epochs sequence sequences seq seqs video videos
    clips graph graphs game games rollouts updates actions moves op ops operations transactions messages documents
    docs pages predictions inferences trials points gb mb kb bits bytes gigabytes megabytes flop flops gflops tflops
    pflops calls tasks jobs
""")  # what can be done so many times a second
DONE = word_set("processed sampled trained served generated seen completed")  # with them
SECONDS = word_set("s sec secs second seconds ms min minute minutes h hr hour hours")
UNITS = word_set("ms msec millis milliseconds microseconds nanoseconds sec secs seconds minutes hours")
LASTING = word_set(
    "audio video clip speech utterance session call trip song track sleep trade holding position recording event stay "
    "flight watch dwell play screen air alive survival exposure life up"
)  # what lasts longer or shorter, and neither is better
CALENDAR = word_set("hour day week month weekday date")
BITS = word_set("bit bits nat nats")
TIMES = word_set("s ms sec secs seconds")  # which so much takes
CODED = word_set("byte bytes char chars character dim dims dimension token word pixel subpixel symbol base")  # in bits
WORKERS = word_set("gpu gpus device node core worker")
SPENT = word_set("joule joules j watt watts kwh wh dollar dollars usd eur")
APART = word_set("self intra inter pairwise list neighbor neighbour")  # alike, these are not to be
RATES = word_set("rate rates ratio frequency percentage percent pct probability")  # of events
SURNAMES = word_set("index coef coeff coefficient corr corrcoef correlation ratio fraction frac statistic")
LIKELIHOODS = word_set("likelihood loglik loglikelihood elbo")


def _lexicon() -> dict[str, NamePart]:
    """The parts by their text."""
    entries: list[tuple[str, NamePart]] = [
        *((text, NamePart("", role)) for role, text in _WORDS.items()),
        (_OTHER, NamePart("", WordRole.OTHER)),
        (_SPREAD, NamePart("", WordRole.SPREAD)),
        (_SETTING, NamePart("", WordRole.SETTING)),
        (_FAINT_GOOD, NamePart("", WordRole.FAINT_GOOD)),
        (_FAINT_BAD, NamePart("", WordRole.FAINT_BAD)),
        (", ".join(UNITS), NamePart("", WordRole.FAINT_BAD)),
        (_GOOD, NamePart("", WordRole.GOOD)),
        (_BAD, NamePart("", WordRole.BAD)),
        (_GOOD_NAMED, NamePart("", WordRole.GOOD, is_named=True)),
        (_BAD_NAMED, NamePart("", WordRole.BAD, is_named=True)),
        (_DONE_WELL, NamePart("", is_event=True)),
        (_DONE_BADLY, NamePart("", is_event=True)),
        (_GOOD_EVENTS, NamePart("", WordRole.FAINT_GOOD, is_event=True)),
        (_BAD_EVENTS, NamePart("", WordRole.FAINT_BAD, is_event=True)),
        (_GOOD_TALLIES, NamePart("", WordRole.GOOD, is_tally=True)),
        (_BAD_TALLIES, NamePart("", WordRole.BAD, is_tally=True)),
    ]
    return {phrase: replace(part, text=phrase) for text, part in entries for phrase in _phrases(text)}


LEXICON = _lexicon()
LONGEST_PHRASE = max(phrase.count(" ") for phrase in LEXICON) + 1  # words of a phrase
WELL = frozenset(_phrases(_DONE_WELL))
SLASH = NamePart("/")
MEASURES = frozenset({WordRole.GOOD, WordRole.BAD})
FAINT = frozenset({WordRole.FAINT_GOOD, WordRole.FAINT_BAD})
SILENT = frozenset(
    {
        WordRole.NOTHING,
        WordRole.NUMBER,
        WordRole.SPLIT,
        WordRole.AVERAGE,
        WordRole.EXTREME,
        WordRole.KIND,
        WordRole.JOINT,
        WordRole.PER,
    }
)  # what does not tell what a name is about


# A name, read: its parts, each with its role.


_SEGMENTS = re.compile(r"[/:,;|]+|(?<!\d)\.|\.(?!\d)")
_BREAKS = re.compile(r"[\W_]+")
_HUMPS = re.compile(r"(?<!^[a-z])(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_INSIDE = re.compile(r"\(([^()]*)\)")
_SPELLINGS = (
    (re.compile(r"(?:^|(?<=/))1\s*-\s*"), "one minus "),
    (re.compile(r":\w+=\S*$"), ""),  # CatBoost's NDCG:top=5
    (re.compile(r"IoU"), "Iou"),
    (re.compile(r"R\^2"), "R2"),
    (re.compile(r"rank@", re.IGNORECASE), "rank "),
    (re.compile(r"@|(?<=[a-z])At(?=\d)"), " at "),
    (re.compile(r"(?<![A-Za-z])rec\.(?=\s|$)", re.IGNORECASE), " recall "),
    (re.compile(r"(?<![A-Za-z])spec\.(?=\s|$)", re.IGNORECASE), " specificity "),
    (re.compile(r"(?<![A-Za-z])AR(?=s|m|l|_|\d|\W|$)"), "recall "),  # average recall; in small letters anything
    (re.compile(r"(?<![A-Za-z])(?:PER|SER)$"), "error"),
    (re.compile(r"(?<![A-Za-z])(?:IS|SQ|RQ|PRO|SAR)(?=[_\W]*\d*$)"), "quality"),
    (re.compile(r"(?<![a-z])delta(?:\s*[_<]?\s*(?=1[._]\d)|(?=[123](?!\d)))", re.IGNORECASE), "accuracy "),  # of depths
)


def _segments(name: str) -> list[list[str]]:
    """The words of each stretch of a name between slashes or dots, in lower case."""
    text = _INSIDE.sub(_without_aside, _plain(name))
    for pattern, plainly in _SPELLINGS:
        text = pattern.sub(plainly, text)
    if not re.search(r"[_\s/]", text):  # dots between words, not between what contains and what is contained
        text = re.sub(r"(?<!\d)\.|\.(?!\d)", " ", text)
    split = [
        [word for chunk in _BREAKS.split(segment) for hump in _HUMPS.split(chunk) if hump for word in _lowered(hump)]
        for segment in _SEGMENTS.split(text)
    ]
    return [words for words in split if words]


def _plain(name: str) -> str:
    """A name without accents, and its letters in their usual form."""
    parted = unicodedata.normalize("NFKD", name)
    return unicodedata.normalize("NFC", "".join(sign for sign in parted if not unicodedata.combining(sign)))


def _without_aside(inside: re.Match[str]) -> str:
    """What stands in parentheses, if it says what is measured: (ms), not (15 bins)."""
    found = [LEXICON.get(word) or _part(word) for word in _BREAKS.split(inside[1].lower()) if word]
    return inside[0] if any(part.role in (*MEASURES, *FAINT, WordRole.SPREAD) for part in found) else " "


def _lowered(word: str) -> list[str]:
    """A word in lower case, parted from one small letter before its capitals unless known with it: mAP, but m AJI."""
    small = word.lower()
    is_apart = len(word) > 2 and word[0].islower() and word[1].isupper() and not _is_known(small)
    return [small[0], small[1:]] if is_apart else [small]


def _is_known(word: str) -> bool:
    return word in LEXICON or _part(word).role is not WordRole.NOTHING


def _parts(words: Sequence[str]) -> list[NamePart]:
    """The longest phrases first, from left to right."""
    parts = []
    while words:
        for long in range(min(LONGEST_PHRASE, len(words)), 0, -1):
            found = LEXICON.get(" ".join(words[:long]))
            if found or long == 1:
                parts.append(found or _part(words[0]))
                words = words[long:]
                break
    return parts


_SHORTEST = 3  # letters of a word that something is stuck to
_NUMBERED = re.compile(r"([a-z]+)\d+(?:[a-z]?|k?full)")
_TELLING_NUMBERS = re.compile(r"(?:top|rank|knn|hr)[1-9]\d*|r(?:1|5|10)")
_LEADS = word_set(
    "train training trn val valid validation test eval dev cv oof avg mean macro micro weighted best min max"
)
_ENDINGS = (
    *(
        "loss",
        "losses",
        "rmse",
        "rmsd",
        "mape",
        "auroc",
        "auc",
        "acc",
        "iou",
        "accuracy",
        "ndcg",
        "bleu",
        "psnr",
        "ssim",
    ),
    *("fid", "error"),
)  # of words that have them for nothing else: valloss, gauc, macc
_F1 = re.compile(r"(?:macro|micro|weighted|mean|avg)?(f1|f2)(?:macro|micro|weighted|mean|avg|score|samples)?")
_TAILS = word_set("macro micro weighted avg mean score scores sum val train test rate")
_LETTERS = re.compile(
    r"(?:a|m|n|w|b|o|fw|d|t|v|g|u|cl)"
    r"(dice|ap|f1|recall|precision|fscore|mae|ece|pa|aji)"
)
_BARE = re.compile(r"(?:fp|fn|tp|tn|s|h|d|n|p)\d+[a-z]?")  # a width, a kind, an id: nothing with a number left out


def _part(word: str) -> NamePart:
    """A word that is no phrase: a number, or a known word with something stuck to it, such as `map50` or `valloss`."""
    if word.isdecimal():
        return NamePart(word, WordRole.NUMBER)
    if _TELLING_NUMBERS.fullmatch(word):
        return NamePart(word, WordRole.FAINT_GOOD)
    numbered = _NUMBERED.fullmatch(word)
    if numbered and not _BARE.fullmatch(word) and (found := _known(numbered[1], FAINT)):
        return found
    if re.match(r"\d+[a-z]{2}", word) and (found := _known(word.lstrip("0123456789"))):  # 95tpr
        return found
    if len(word) > _SHORTEST and word.endswith("s") and not word.endswith("ss") and (found := _known(word[:-1])):
        return found
    return _stuck(word) or NamePart(word)


def _stuck(word: str) -> NamePart | None:
    for ending in _ENDINGS:
        if word.endswith(ending):
            return LEXICON[ending]
    if numbered := re.fullmatch(r"(?:top|rank)\d+([a-z]{3,})", word):  # top1err
        return _known(numbered[1])
    letters = _LETTERS.fullmatch(word)
    if letters:
        return LEXICON[letters[1]]
    if f_measure := _F1.fullmatch(word):
        return LEXICON[f_measure[1]]
    rests = [
        *(word.removeprefix(lead) for lead in _LEADS if word.startswith(lead)),
        *(word.removesuffix(tail) for tail in _TAILS if word.endswith(tail)),
    ]
    return next((found for rest in rests if len(rest) >= _SHORTEST and (found := _known(rest))), None)


def _known(word: str, also: frozenset[WordRole] = frozenset()) -> NamePart | None:
    """A measure or a spread, also with a number behind it."""
    found = LEXICON.get(word) or LEXICON.get(word.rstrip("0123456789"))
    return found if found and found.role in MEASURES | also | {WordRole.SPREAD} else None


# What a part is, by what stands beside it


def _settled(parts: list[NamePart]) -> list[NamePart]:
    """The parts of a segment, with the role that their neighbours leave them."""
    settled: list[NamePart] = []
    for place, part in enumerate(parts):
        rest = parts[place + 1 :]
        if part.role is WordRole.RANK:
            settled = _with_rank(settled, part, rest[0] if rest else NamePart(""))
        elif part.text == "index" and place and parts[place - 1].role is WordRole.RANK:
            settled.append(NamePart("index"))
        elif part.is_event:
            settled.append(_event(part, rest))
        else:
            settled.append(_beside(part, settled, rest[0] if rest else NamePart("")))
    return settled


def _with_rank(before: list[NamePart], rank: NamePart, behind: NamePart) -> list[NamePart]:
    """A mean rank is bad, its inverse and its index are good; rank-1 is the hits at the first place."""
    if any(part.role is WordRole.NEGATION for part in before):
        return [
            *(NamePart(part.text) if part.role is WordRole.NEGATION else part for part in before),
            _as(rank, WordRole.GOOD),
        ]
    is_mean = bool(before) and before[-1].role is WordRole.AVERAGE
    if behind.role is WordRole.NUMBER:
        is_first = bool(behind.text.strip("0")) and not is_mean  # rank 0 is a process
        return [*before, _as(rank, WordRole.FAINT_GOOD if is_first else WordRole.OTHER)]
    if is_mean:
        return [*before, _as(rank, WordRole.GOOD if behind.text == "index" else WordRole.BAD)]
    return [
        *before,
        _as(rank, WordRole.NOTHING if behind.role in MEASURES or behind.text in SURNAMES else WordRole.OTHER),
    ]


def _event(event: NamePart, rest: Sequence[NamePart]) -> NamePart:
    """A rate or a number of events counts; in f1_toxic it is the name of a class."""
    if event.text.endswith("s") or any(part.text in RATES for part in rest):
        is_good = event.role is WordRole.FAINT_GOOD or event.text in WELL
        return _as(event, WordRole.GOOD if is_good else WordRole.BAD)
    return event


def _beside(part: NamePart, before: Sequence[NamePart], behind: NamePart) -> NamePart:
    last = next((each for each in reversed(before) if each.role is not WordRole.NUMBER), NamePart(""))
    role = part.role
    match part:
        case NamePart(role=WordRole.SIMILARITY):
            is_apart = any(each.text in APART or each.role is WordRole.NEGATION for each in before)
            role = WordRole.OTHER if is_apart else WordRole.GOOD
        case NamePart(role=WordRole.DISTANCE):
            role = WordRole.BAD if last.role in MEASURES | {WordRole.KIND} else WordRole.OTHER
        case NamePart(text="idx" | "index" | "id") if behind.role is WordRole.NUMBER:  # dataset_idx_0 says which one
            role = WordRole.NOTHING
        case NamePart(text="top" | "hr"):
            role = WordRole.FAINT_GOOD if behind.role is WordRole.NUMBER else WordRole.NOTHING
        case NamePart(text="l1" | "l2") if last.role is WordRole.SPLIT:  # LightGBM's names of MAE and MSE
            role = WordRole.FAINT_BAD
        case NamePart(text="ls") if behind.text and all(
            each.role is WordRole.SPLIT for each in before
        ):  # short for loss
            role = WordRole.FAINT_BAD
        case NamePart(text=text) if _is_length(text, last):
            role = WordRole.OTHER
    return _as(part, role)


def _is_length(text: str, last: NamePart) -> bool:
    """Whether it says how long something lasts that may be long: audio_seconds, timeout_ms."""
    is_time = text in UNITS or text in ("time", "times", "duration")
    return is_time and (last.text in LASTING or (last.role is WordRole.OTHER and text in UNITS))


def _as(part: NamePart, role: WordRole) -> NamePart:
    return replace(part, role=role)


# The phrase of a segment


def _about(parts: list[NamePart]) -> list[NamePart]:
    """What a segment is about: precision at k a precision, time to accuracy a time, a drop in accuracy a drop."""
    for place in range(1, len(parts) - 1):
        if parts[place].role is WordRole.JOINT:
            head, tail = parts[:place], parts[place + 1 :]
            if head[-1].role in (WordRole.FALL, WordRole.RISE):
                return [*tail, *head]
            if all(part.role in SILENT for part in head) and head[-1].text != "score":
                return _about(tail)
            return [*head, *(part for part in tail if part.role is WordRole.SPREAD)]
    return parts


def _can_be_rated(part: NamePart) -> bool:
    return part.role not in SILENT or part.text in COUNTED | TIMES | SPENT | BITS


def _rate(parts: list[NamePart], place: int) -> Goal:
    """Goal of a rate: tokens per second are a throughput, seconds per token and failures per second are not."""
    counted, unit = parts[:place], parts[place + 1].text
    if any(part.role in (WordRole.SPREAD, WordRole.SETTING) for part in parts):
        return Goal.UNKNOWN
    known, last = _read(counted), next((part.text for part in reversed(counted) if part.text not in DONE), "")
    if known is not Goal.UNKNOWN:
        return known
    if last in BITS and unit in CODED:
        return Goal.LOWER
    if last in SPENT | TIMES:
        return Goal.LOWER
    is_speed = last in COUNTED and (unit in SECONDS | SPENT or (last.endswith("flops") and unit in WORKERS))
    return Goal.HIGHER if is_speed else Goal.UNKNOWN


def _read(parts: Sequence[NamePart]) -> Goal:
    """The last measure counts, unless what stands around it makes it another quantity."""
    if any(part.role in (WordRole.SPREAD, WordRole.SETTING) for part in parts):
        return Goal.UNKNOWN
    place = _place_of_measure(parts)
    if place is None:
        named = [part for part in parts if part.role not in SILENT]
        is_rise = bool(named) and named[0].role is WordRole.RISE and all(part.text in SURNAMES for part in named[1:])
        return Goal.HIGHER if is_rise else Goal.UNKNOWN
    before, measure, behind = parts[:place], parts[place], parts[place + 1 :]
    if measure.role in FAINT and not _is_plain(measure, behind):
        return Goal.UNKNOWN
    if _is_position(before, behind) or (_is_counted(parts) and not measure.is_tally):
        return Goal.UNKNOWN
    if any(
        part.role is WordRole.OTHER and not ((measure.is_named or measure.is_event) and part.text in SURNAMES)
        for part in behind
    ):
        return Goal.UNKNOWN
    goal = Goal.HIGHER if measure.role in (WordRole.GOOD, WordRole.FAINT_GOOD) else Goal.LOWER
    if _is_loss_by_name([part for part in before if part is not SLASH], measure):
        is_best = any(part.role is WordRole.EXTREME for part in before)
        is_inside = before[-1] is SLASH and not measure.text.startswith("explained")
        goal = Goal.UNKNOWN if is_best or is_inside else goal if before[-1] is SLASH else Goal.LOWER
    return _turned(_negated(goal, before, measure), before, behind)


def _place_of_measure(parts: Sequence[NamePart]) -> int | None:
    for roles in (MEASURES, FAINT):
        for place in reversed(range(len(parts))):
            if parts[place].role in roles:
                return place
    return None


def _is_plain(measure: NamePart, behind: Sequence[NamePart]) -> bool:
    """Whether a faint measure is no mere part of something else, as top-10 is of `top_10_features`."""
    is_sure = measure.is_event or measure.text in UNITS or measure.text == "ls"
    return is_sure or all(part.role is not WordRole.NOTHING or part.text in ("score", "rate", "/") for part in behind)


def _is_loss_by_name(before: Sequence[NamePart], measure: NamePart) -> bool:
    """Whether a quality behind a loss says which loss it is, as in loss_dice."""
    return measure.role is WordRole.GOOD and bool(before) and before[-1].text in ("loss", "losses")


def _is_counted(parts: Iterable[NamePart]) -> bool:
    return any(part.role is WordRole.COUNT for part in parts)


def _is_position(before: Sequence[NamePart], behind: Sequence[NamePart]) -> bool:
    """Whether it says when a best was reached: best_val_loss_epoch, epoch_best_loss."""
    extremes = [place for place, part in enumerate(before) if part.role is WordRole.EXTREME]
    if not extremes:
        return False
    first = extremes[0]
    return any(part.role is WordRole.POSITION for part in behind) or (
        first > 0 and before[first].text == "best" and before[first - 1].role is WordRole.POSITION
    )


def _negated(goal: Goal, before: Sequence[NamePart], measure: NamePart) -> Goal:
    """scikit-learn's negated errors and one minus a quality; a plain `neg_loss` may be that of the negative ones."""
    if before and before[-1].role is WordRole.COMPLEMENT:
        return _OPPOSITE[goal]
    if all(part.role is not WordRole.NEGATION for part in before):
        return goal
    if measure.text in LIKELIHOODS:
        return Goal.LOWER
    is_error = goal is Goal.LOWER and not (measure.text == "loss" and before[-1].role is WordRole.NEGATION)
    return Goal.HIGHER if is_error else Goal.UNKNOWN


def _turned(goal: Goal, before: Sequence[NamePart], behind: Sequence[NamePart]) -> Goal:
    """A loss improvement is good, and so is an error reduction; an accuracy drop is not."""
    roles = {part.role for part in behind}
    if WordRole.RISE in roles:
        return Goal.HIGHER
    if WordRole.GAIN in roles or any(part.role in (WordRole.RISE, WordRole.GAIN) for part in before):
        return Goal.HIGHER if goal is Goal.HIGHER else Goal.UNKNOWN
    if WordRole.FALL in roles:
        return _OPPOSITE[goal]
    if SLASH in before:
        before = before[len(before) - before[::-1].index(SLASH) :]
    return Goal.UNKNOWN if any(part.role is WordRole.FALL for part in before) else goal


@lru_cache(maxsize=8192)
def goal_of(name: str) -> Goal:
    """The goal that a metric's name tells; unknown for a name that does not tell."""
    if name.startswith("system/") or len(name) > _LONGEST or is_logged_test(name):
        return Goal.UNKNOWN
    segments = [_settled(_parts(segment)) for segment in _joined(_segments(name))]
    parts = [part for segment in segments for part in (SLASH, *segment)][1:]
    for place, part in enumerate(parts):
        if part.role is WordRole.PER and place < len(parts) - 1 and any(map(_can_be_rated, parts[:place])):
            return _rate(parts, place)
    return _framed(parts) or _read([part for segment in segments for part in (SLASH, *_about(segment))][1:])


def _framed(parts: Sequence[NamePart]) -> Goal | None:
    """The goal by forms of their own: d2_…_score and skill say how much is explained, rank_test_… is a place."""
    texts = [part.text for part in parts if part.role not in (WordRole.NUMBER, WordRole.EXTREME)]
    if any(part.role in (WordRole.SPREAD, WordRole.SETTING) for part in parts):
        return Goal.UNKNOWN if {"d2", "rank"}.intersection(texts) else None
    if ("d2" in texts and "score" in texts) or "skill" in texts:
        return Goal.HIGHER
    return Goal.LOWER if ("rank", "test") in pairwise(texts) else None


def _joined(segments: list[list[str]]) -> list[list[str]]:
    """Segments where a slash means per, as in it/s and ms/step, as one; time/epoch says how far a run is."""
    joined: list[list[str]] = []
    for segment in segments:
        last, first = joined[-1][-1] if joined else "", segment[0]
        is_speed = last in COUNTED and first in SECONDS | WORKERS and (len(segment) == 1 or first not in ("min", "h"))
        is_spent = (last in TIMES and first in COUNTED) or (last in BITS and first in CODED)
        if is_speed or is_spent:
            joined[-1].extend(["per", *segment])
            continue
        if last == "time" and (COUNTED.issuperset(segment) or first in CALENDAR):
            joined[-1][-1] = "progress"
        joined.append(list(segment))
    return joined


def decide_tolerance(
    names: Sequence[str],
    requested: float | None,
    channel: Mapping[str, float],
    experiments: Sequence[Mapping[str, float]],
) -> tuple[float | None, GoalSource]:
    """The tolerance of a metric, which may go by several names, and who said so: the request, the channel, the tags.

    What is said of a metric counts more than what is said of all. Experiments that disagree say nothing.
    """
    if requested is not None:
        return requested, GoalSource.REQUEST
    wanted = (*names, EVERY)
    for name in wanted:
        if name in channel:
            return channel[name], GoalSource.CHANNEL
    for name in wanted:
        stated = {each[name] for each in experiments if name in each}
        if stated:
            return (stated.pop(), GoalSource.EXPERIMENT) if len(stated) == 1 else (None, GoalSource.NONE)
    return None, GoalSource.NONE


# Costs: what a run takes of time, memory, energy or money, which tells nothing of how good it is.

_COST_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_COSTS = word_set(
    """
    time times timing runtime walltime elapsed duration latency latencies delay overhead ttft tpot itl rtt
    second seconds sec secs s ms msec millis milliseconds us microseconds ns nanoseconds minute minutes min hour hours
    memory mem ram vram rss swap kb mb gb kib mib gib bytes
    energy power watt watts wh kwh joule joules emissions co2 carbon
    flop flops gflops tflops mflops macs gmacs
    price cost costs usd eur dollar dollars euro euros cent cents billing spend
    throughput fps qps rps tps speed
    """
)
_NO_COST_ALONE = word_set("s min us mem rss speed power swap")  # units and the like, behind others
_SPLITS = word_set("train training val valid validation test eval dev")
_ASIDE = word_set("with without")
_MONEY = word_set("cost costs")


@lru_cache(maxsize=8192)
def is_cost(name: str) -> bool:
    """Whether a metric is a cost by its name: `fit_time`, `latency_ms`, `tokens_per_second`, `time_to_accuracy`.

    An error that is measured in seconds or dollars is none, nor is `val_cost`, which is a loss by another name.
    """
    words = _without_asides([word.casefold() for word in _COST_WORDS.findall(name)])
    costs = [word for word in words if word in _COSTS]
    if not costs or (len(words) == 1 and words[0] in _NO_COST_ALONE):
        return False
    if "to" in words[1:] and words[0] in _COSTS:
        return True
    rest = [word for word in words if word not in _COSTS]
    if _MONEY.issuperset(costs) and rest and _SPLITS.issuperset(rest):
        return False
    return not rest or goal_of("_".join(rest)) is Goal.UNKNOWN


def _without_asides(words: list[str]) -> list[str]:
    """Cuts off what stands behind a `with`: a return with cost is a return."""
    return [word for before, word in zip(["", *words], words, strict=False) if not {before, word} & _ASIDE]


def is_judged_as_cost(name: str, goal: Goal) -> bool:
    """Whether a metric is a cost here: not where somebody stated a goal that is not that of a cost."""
    if not is_cost(name):
        return False
    assumed = goal_of(name)
    return Goal.UNKNOWN in (assumed, goal) or assumed is goal
