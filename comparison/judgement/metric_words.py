"""The words that names of metrics are made of, and what each does to the goal of the metric."""

from dataclasses import dataclass, replace
from enum import Enum, auto


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
