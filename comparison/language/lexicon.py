"""Every word that is understood, as one table: a row is what is meant and the spellings of it, other languages too.

To learn a word is to add a spelling here. A spelling is one or several words, in lower case, with straight apostrophes.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from enum import StrEnum


def one_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _phrases(text: str) -> list[str]:
    return text.split(", ")


class Role(StrEnum):
    INTENT = "intent"  # what is asked for
    SLOT = "slot"  # a word that introduces what follows it
    SEPARATOR = "separator"  # parts one run from the next
    RUN = "run"  # a way to say which run
    FLAG = "flag"  # says something by itself
    NOUN = "noun"  # `runs`, `experiments`: says something beside an intent, else nothing
    FILLER = "filler"  # says nothing


INTENTS = {
    "compare": (
        "compare, comapre, compar, compair, compae, comparre, campare, cmopare, copmare, comprae, comparing, "
        "comparison, comparison between, make comparison, make a comparison, diff, difference, difference between, "
        "differences between, contrast, pit, compare between, vergleiche, vergleich, vergleichen, comparer, comparez, "
        "compara, comparar, comparación, comparação, comparaison, confronta, unterschied, improve, improvement, "
        "différence, diferencia, diferença, assert, assert that, expect, expect that, verify, verify that, make "
        "sure, make sure that, ensure, ensure that, fail if, "
        "hold, stack, "
        "gap between, the gap between, significance of, statistical significance of, significance between"
    ),
    "curves": (
        "curves, curve, plot, chart, charts, graph, graphs, trend, trends, learning curve, learning curves, training "
        "curve, training curves, loss curve, loss curves, draw, converge, converged, converging, converges, overfit, "
        "overfits, overfitting, overfitted, plateau, plateaued, plateauing, diverge, diverged, diverging, diverges, "
        "still improving, still dropping, still falling, still decreasing, still going down, still rising, still "
        "increasing, still going up, still learning, when did it overfit, when did it converge, when did it diverge, "
        "develop, developed, evolve, evolved, kurve, kurven, lernkurve, lernkurven, verlauf, courbe, courbes, curva, "
        "curvas, gráfico, gráfica, tracer, trace, overtake, overtakes, overtook, overtaken, crosses, crossed, caught "
        "up with, catch up with, catches up with, at the same step, at the same steps, at the same epoch, at the "
        "same epochs, step by step, epoch by epoch, step for step, over time, over the steps, over the epochs, over "
        "epochs, over steps, per epoch, per step, over training, at which step, at what step, which step, what step, "
        "at which epoch, at what epoch, which epoch, what epoch, in which epoch"
    ),
    "sweeps": (
        "what matters, what matters most, what mattered, what mattered most, matters, matter, matters most, matter "
        "most, mattered, importance, importances, parameter importance, hyperparameter importance, param importance, "
        "most important parameter, most important parameters, most important hyperparameter, most important "
        "hyperparameters, important parameters, best region, best range, best ranges, best regions, analyze sweep, "
        "analyse sweep, sweep results of, results of sweep, sweep summary, pareto, pareto front, tradeoff, trade-off, "
        "drives, drive, driver of, drivers of, effect of, effects of, impact of, impacts, impact on, influence of, "
        "influence on, influences, affects, affect, most influential, correlates with, correlate with"
    ),
    "show": (
        "count, show, list, display, describe, inspect, info, info on, details of, tell me about, tell me more about, "
        "give, zeige, zeig, zeig mir, montre, montrer, affiche, muestra, mostrar, mostra, liste, lista, details, "
        "open, link to, links to, link of, link for, url of, url for, go to, take me to, view, print, summary of run"
    ),
    "status": (
        "wie läuft, wie laufen, wie geht es, status, state, progress, how is, stand von, état, estado, how did, how "
        "has, how have, how was, how were, how are, how does, how goes, how far, how far along, any progress on"
    ),
    "who": (
        "who, who's behind, who trained, who ran, who started, who owns, who made, who did, whose run "
        "is, whose is, owner of, wer hat, wer, qui a lancé, quién lanzó, quem rodou, "
        "who's, who's got, who has got, who has, who got, who holds, who leads, whose is the, whose"
    ),
    "top": "top, leaderboard, ranking, rank, rangliste, classement",
    "running": (
        "who's training, who's running, still going, in "
        "flight, still alive, still training, running, active, in progress, still running, going on, ongoing, läuft, "
        "laufen, laufende, laufenden, en cours, corriendo, ejecutándose, en ejecución, rodando, em execução, em "
        "andamento, training now, unfinished, is training, are training, what's training, training "
        "right now, training at the moment, currently training, being trained, is being trained, "
        "stuck, hanging, hung, frozen, long running, cooking, still cooking, unfinished, being computed, "
        "anyone training, anybody training, someone training, is anyone training, is anybody training"
    ),
    "failed": (
        "fehler, breaks, blows up, errors out, falls over, failed, fail, failure, failures, failing, fails, crashed, "
        "crash, crashes, crashing, broken, broke, died, dies, errors, errored, fehlgeschlagen, fehlgeschlagene, "
        "fehlgeschlagenen, abgestürzt, échoué, échoués, échouées, planté, fallidos, fallidas, fallaron, falló, "
        "falharam, falhou, falhas, fallos, killed, aborted, canceled, cancelled, exploded, explode, blew up, blow "
        "up, blows up, blown up, diverged runs, error"
    ),
    "finished": (
        "finished, finish, finishes, ended, end, ends, done, completed, complete, completes, over, fertig, beendet, "
        "terminé, terminés, terminado, terminados, terminaron, terminou, terminaram, concluído, concluídos, succeed, "
        "succeeded, succeeds, successful, successfully, went well, ready"
    ),
    "standup": (
        "passiert, was passierte, what did we do, what have we done, what did we run, what ran, what was run, how "
        "are things, how are things going, how is it going, report, report for, report on, status report, what was "
        "done, standup, stand-up, stand up, standups, summary, recap, what's new, what happened, what has happened, "
        "what did i miss, was gibt's neues, was ist neu, was ist passiert, résumé, quoi de neuf, resumen, qué hay de "
        "nuevo, rundown, rundown of, rundown for, resumo, o que há de novo, news, any news, what's up, overview, "
        "zusammenfassung, anything new, something new, is anything new, was there anything new, catch me up, "
        "updates, any updates, sum up, sum it up, summarize, summarise, brief, briefing, debrief, wrap up, wrap-up, "
        "catch up, was lief, was ist gelaufen, qué pasó, que pasó, que s'est-il passé, o que aconteceu, any changes, "
        "status update, status updates, update me on, update us on, an update on, any update on, bring me up to "
        "date, bring us up to date, morning report, what got done, nothing new"
    ),
    "set": (
        "set, use, setze, setz, nutze, utilise, usa, establece, defina, this channel is about, this channel is for, "
        "this channel is on, channel is about, this is the channel for, this is the channel of, change the default "
        "metric to, change the metric to, change metric to, switch the metric to, change the experiment to, change the "
        "default experiment to, change our metric to, "
        "change our experiment to, change our default metric to, switch the experiment to, switch to experiment, "
        "switch "
        "our metric to, switch to metric, change "
        "experiment to"
    ),
    "make": "make, mark, nimm, mach, haz",
    "unset": "unset, clear, reset, forget",
    "goal": "goal, goal of, goal for, ziel, prefer, we prefer",
    "pin": "pin, pin run",
    "unpin": (
        "remove the pin, remove pin, delete the pin, clear the pin, take the pin off, drop the pin, unpin, no "
        "baseline, remove the baseline, remove baseline, clear the baseline, clear baseline, unset "
        "baseline, unset the baseline"
    ),
    "settings": (
        "which metric decides, what metric decides, which metric decides here, what metric decides here, channel "
        "settings, "
        "show channel settings, show the channel settings, "
        "what metric are you using, which metric are you using, what metric do you use, which metric do you use, what "
        "metric are we using, which metric are we using, what do you judge by, what do we judge by, "
        "what's our default experiment, what is our default experiment, what's our default metric, what is our default "
        "metric, which is our default metric, which is our default experiment, what's set here, what is set here, "
        "what tolerance is set, which tolerance is set, what's the tolerance, what's our "
        "tolerance, what tolerance do we use, which tolerance do we use, which goals are set, "
        "what goals are set, what are our goals, what are the goals, which goal is set, what goal is set, which "
        "experiment is this channel for, which experiment is this channel on, what is this channel set to, what's our "
        "metric, which metric do we use, which metric is used, what metric do we use, which "
        "metric is set, what's our experiment, which experiment do we use, which experiment is set, which experiment "
        "is the default, which metric is our default, settings, setting, defaults, preferences, einstellungen, "
        "réglages, ajustes, configurações, what is set, what is the default metric, what's the default "
        "metric, which metric is the default, what is the default experiment"
    ),
    "watches": (
        "is anybody watching, is anyone watching, is someone watching, who watches, who is watching, who's watching, "
        "are "
        "we watching, do we watch, are we subscribed to, is this channel watching, are you watching, do you watch, do "
        "we "
        "have a watch on, do we have a watch for, do we get alerts for, do we get notifications for, do we get "
        "notified about, are we notified about, are there alerts for, is there a watch on, is there a watch for, "
        "what are we watching, what do we watch, what are we following, what is being watched here, what is watched "
        "here, watches, watch list, watchlist, list watches, show watches, show the watches, show me the watches, "
        "what you are watching, what you watch, what you're watching, "
        "what are you watching, what do you watch, what is watched, what is being watched, which "
        "experiments are watched, which experiments do you watch, subscriptions, list the watches, list all watches, "
        "was beobachtest du, my watches, "
        "watched, being watched, is watched, are watched"
    ),
    "watch": (
        "watch, follow, subscribe, subscribe to, subscribe us to, subscribe this channel to, monitor, track, "
        "observe, start watching, keep an eye on, keep watching, watch out for, sign up for, sign us up for, set up "
        "a watch, add watch, set up a watch for, set up a watch on, add a watch, add a watch for, create a watch "
        "for, create watch, make a watch, make a watch on, make a watch for, beobachte, beobachten, überwache, "
        "surveille, surveiller, suivre, vigila, vigilar, observa, observar, acompanhe, acompanhar, monitora, "
        "monitore, notify, alert, announce, warn, turn on notifications for, enable notifications for, "
        "keep tabs on, keep track of, keep us in the loop on, keep us in the loop about, turn on, switch on, enable, "
        "start a watch, start a watch on, start a watch for, open a watch on, begin "
        "watching, "
        "alerts for, alerts on, alerts about, notifications for, notifications about, notifications on, pings for, "
        "hear about, hear of, be told about, be notified about, get notified about, get "
        "notifications for, get alerts for, receive notifications for, get pinged about, get updates on, be informed "
        "about, be alerted about, get notifications about, send notifications for, send updates on, send alerts for"
    ),
    "unwatch": (
        "no more, unwatch, unfollow, unsubscribe, unsubscribe from, stop watching, stop following, stop tracking, stop "
        "monitoring, don't watch, don't follow, no longer watch, remove "
        "watch, remove the watch of, remove the watch for, remove the watch on, delete watch, delete the watch of, "
        "delete the watch for, end the watch of, end watch, stop alerts, stop alerts for, stop notifications, stop "
        "notifications for, turn off, switch off, disable, no more notifications, no more notifications for, "
        "no more notifications about, no notifications, no alerts, no alerts for, no alerts about, no notifications "
        "for, no notifications about, no pings, no messages, no posts, no more "
        "alerts, no more alerts for, turn off notifications, turn off notifications for, disable notifications for, "
        "stop watch, stop the watch, stop watch of, stop watch on, stop the watch on, nicht mehr beobachten, hör auf, "
        "arrête de surveiller, deja de vigilar, pare de acompanhar"
    ),
    "pause": (
        "mute, pause, snooze, silence, unmute, unpause, resume, suspend, hush, unsnooze, reactivate, resume watching, "
        "pause watching, un-mute, un-pause, shut up, be silent, put on hold, turn back on"
    ),
    "digest": "digest, digests, no digest, no more digests, no more digest, digest off, daily digest, weekly digest",
    "access_show": (
        "who may change the settings, who can change the settings, who may change settings, who can change settings, "
        "who "
        "is allowed to change settings, who may change what, "
        "is this channel restricted, is this channel limited, are we restricted, what is this channel restricted to, "
        "what can we see, what may we see, what may this channel see, what can this channel see, what are we allowed "
        "to "
        "see, what is this channel allowed to see, what does this channel see, which experiments can we see, which "
        "experiments may we see, which experiments can this channel see, which experiments may this channel see, which "
        "experiments are visible, what is visible, access rules, the access rules, who may see what, who can see what, "
        "show access"
    ),
    "access_who": (
        "give this channel access to, give us access to, give the channel access to, remove access to, revoke access "
        "to, "
        "take away access to, access to, "
        "who is allowed to see, who's allowed to see, who can view, who is able to see, who can see, who may see, who "
        "sees, who has access to, who has access, who can access, allow, grant, give "
        "access, give access to, revoke, disallow, forbid, hide from, share with, permit"
    ),
    "access_limit": (
        "restrict this channel to, limit this channel to, restrict the channel to, limit the channel to, this channel "
        "may only see, this channel can only see, this channel should only see, this channel may see only, this "
        "channel "
        "sees only, this channel only sees, let this channel only see, let this channel see only, restrict us to, "
        "limit "
        "us to"
    ),
    "access_changes": (
        "admins only for, only admins for, only for admins are, "
        "only admins may change, only admins can change, only admins should change, only admins change, let only "
        "admins "
        "change, only let admins change, everybody may change, everyone may change, everybody can change, everyone can "
        "change, members may change, members can change, let everybody change, let everyone change, let members "
        "change, "
        "anyone may change, anyone can change, let anyone change"
    ),
    "help": (
        "example, examples, show examples, give me examples, some examples, i need help, need help, help, ?, --help, "
        "-h, help me, hilfe, hilf mir, aide, ayuda, ajuda, usage, commands, what can you do, what can i ask, what do "
        "you do, who are you, what are you, how do i, how can i, how do you, how to, how does this work, manual, was "
        "kannst du, how do we"
    ),
    "experiments": (
        "list experiments, list all experiments, how many experiments, how many experiments are there, "
        "list the experiments, show experiments, show all experiments, show "
        "the experiments, which experiments, what experiments, which experiments are there, all experiments, what "
        "experiments are there, "
        "list of experiments, the list of experiments, names of experiments, all the experiments"
    ),
    "runs": (
        "list runs, list all runs, list the runs, show runs, show all runs, show me all runs, show the runs, which "
        "runs are there, what runs are there"
    ),
    "cannot": (
        "get rid of, put, create, generate, build, tune, reschedule, delete, rename, promote, demote, deploy, kill, "
        "abort, rerun, "
        "re-run, restart, retry, upload, export, download, archive, register, approve, lösche, löschen, supprime, "
        "supprimer, borra, eliminar, elimina, apaga, excluir, launch, train, retrain, share, email, undelete, "
        "restore, edit, modify, change, stop, cancel, start, remove, move, copy, stoppe, merge, schedule a run, log, "
        "publish, post it, post it to, post this, post this to, post them, post them to, send it, send it to, send "
        "this, send this to, send them to, forward, forward it to, ping, mail, annotate, fix, debug, explain to, "
        "predict, forecast, ship, roll out, rollout, roll back, rollback, purge, wipe, erase, drop all, assign, "
        "transition, put into, install, upgrade, translate, duplicate, clone, undo, "
        "schedule"
    ),
    "define": ("what is a, what is an, what does, what do, define, definition of, meaning of, the meaning of"),
    "dont": "don't, never, please don't",
    "swap": (
        "swap, swap sides, swap them, swap it, swap runs, switch, switch sides, reverse, reverse it, flip, flip it, "
        "flip sides, other way round, other way around, the other way round, the other way around, vice versa, "
        "invert, turn it around, turn around, exchange sides, swap baseline, umdrehen, inverser, intercambiar, "
        "inverter"
    ),
    "add": "add, include, append, füge hinzu, ajoute, añade, agrega, adiciona",
    "refresh": (
        "refresh, again, update, reload, check again, once more, recompute, compare again, latest numbers, and now, "
        "is it done, refresh it, update it"
    ),
    "choose": (
        "is the difference real, is it real, is the gain real, is the improvement real, is the change real, is this "
        "real, can i trust this, can we trust this, can i trust it, which one would you pick, which would you pick, "
        "which one would you choose, which one would you take, who is the winner, which one is the winner, which one "
        "should we deploy, which should we deploy, which one to deploy, which one is better, which is better, which "
        "one wins, who wins, what do you recommend, which one should we take, which one should i use, which one "
        "should we use, so which one, which one do you recommend, what's the verdict, verdict, is that significant, "
        "is it significant, is this significant, significant, is the difference significant, is that real"
    ),
    "instead": "instead, rather",
    "replace": "replace, instead of, swap out, exchange",
    "same": "the same for, same for, the same with, do the same for, same thing for, the same thing for, likewise for",
}
SLOTS = {
    "in": (
        "in, within experiment, in experiment, in the experiment, inside, im, in der, dans, en, em, no experimento, "
        "en el experimento, im experiment, dans l'expérience, experiment called, experiment named, across"
    ),
    "of": "de, di, of, from, for, on, about, von, für, du, des, del, da, belonging to, over the, regarding, im "
    "vergleich",
    "by": (
        "with respect to, in respect of, per, by, sorted by, ordered by, ranked by, order by, sort by, according to, "
        "in terms of, based on, using, nach, par, por, pour, judged by, w.r.t, wrt, bei, focus on, focusing on, "
        "focused on, with a focus on, with focus on, looking at, mainly by, ranked on, judged on, sorted on, ranked "
        "for"
    ),
    "user": (
        "by user, by the user, owned by, started by, launched by, made by, of user, user, for user, trained by, author"
    ),
    "metrics": (
        "metrics, metric, by metric, by the metric, by metrics, with metrics, primary metric, default metric, the "
        "metrics, show metrics, show the metrics, main metric, key metric, deciding metric, the main metric, our main "
        "metric, the primary metric, the default metric"
    ),
    "parameter": "by parameter, by param, parameter called",
    "only": (
        "only, nur, seulement, uniquement, solo, sólo, somente, apenas, solamente, nothing but, but only, limited "
        "to, restricted to"
    ),
    "except": (
        "except, except for, excepting, excluding, exclude, excl, without, but without, not, but not, not including, "
        "other than, besides, apart from, ignoring, ignore, minus, leaving out, leave out, skip, skipping, all but, "
        "ohne, außer, nicht, aber nicht, aber ohne, sauf, sans, pas, mais pas, excepto, excepto por, sin, pero no, "
        "pero sin, exceto, sem, mas não, mas sem, não, but exclude, and not, everything but, anything but, anyone "
        "but, everyone but, hide, did not, are not, is not, drop, not by, but not by, not from, not in, but not in, "
        "do not include, do not show, no, haven't, hasn't, not counting, disregarding, disregard, leave off, "
        "omitting, omit, does not include, w/o, wo"
    ),
    "isnt": ("isn't, aren't, wasn't, weren't, that isn't, that are not, which is not, which are not"),
    "but": "but, aber, mais, pero, mas",
    "since": "since, after, newer than, younger than, later than, starting, seit, depuis, desde, ab, from time",
    "until": "until, till, before, older than, earlier than, up to, bis, jusqu'à, hasta, até",
    "during": (
        "during, during the, within the last, in the last, over the last, for the last, in the past, over the past, "
        "this past"
    ),
    "step": (
        "step, at step, at the step, at epoch, epoch, at iteration, iteration, bei schritt, bei epoche, à l'étape, à "
        "l'époque, en el paso, en la época, na etapa, na época, after step, after epoch, at step number, "
        "in step, in epoch, by step, by epoch"
    ),
    "where": (
        "where, that used, which used, that use, used, having, wobei, dónde, filter, filtered by, with tag, tagged, "
        "with parameter, with param, with params"
    ),
    "than": (
        "more better than, more good than, better as, besser wie, than, better than, worse than, better or worse "
        "than, any better than, lower than, higher than, faster than, compared to, compared with, in comparison to, "
        "in comparison with, relative to, improve on, improves on, improve over, an improvement over, improvement "
        "over, an improvement on, improvement on, outperform, outperforms, outperformed, beat, beats, win against, "
        "wins against, as good as, besser als, schlechter als, als, schlägt, meilleur que, mieux que, mejor que, "
        "peor que, melhor que, melhor do que, pior que, better model than, a better model than, better run than, "
        "stack up against, better compared to, good as, compare to, compare with, compare against, ahead of, behind, "
        "beaten, beating, smaller than, greater than, higher compared to, lower compared to, a better run than, "
        "better vs, fare against, fares against, fared against, do against, does against, did against"
    ),
    "bound": (
        "above, below, at least, at most, under, exceeding, exceeds, more than, less than, no more than, no less than, "
        "not more than, not less than, bigger than, larger than, over and above, beyond, not above, not below, "
        "not over, not under, >, >=, ≥, <, <=, ≤, !=, ==, >>, equal to, equals, greater or equal, unlike"
    ),
    "when": "when, if, whenever, once, as soon as, every time, each time, wenn, sobald, quand, si, cuando, quando, se",
    "unless": "unless, es sei denn, sauf si, a menos que",
    "quiet": "quiet, quiet hours, be quiet, ruhig, quietly, silent, silently, stay silent, stay quiet, keep quiet",
    "mention": (
        "owner mentions, owner mention, mentioning the owner, ping owners, tag the owner, tagging the owner, mention, "
        "mentions, mention owner, mention the owner, ping the owner"
    ),
    "broadcast": "broadcast, broadcast new best, broadcasts, broadcast a new best",
    "within": (
        "within, tolerance, with tolerance, with a tolerance of, tolerance of, ignore changes below, ignore "
        "differences below, ignoring changes below, ±, give or take, ignore changes below, ignore changes under, "
        "ignore changes smaller than, ignore changes less than, ignore changes up to, ignore differences below, "
        "ignore differences under, ignore differences smaller than, ignore differences less than, ignore differences "
        "up to, ignore anything below, ignore anything under, ignore anything smaller than, ignore anything less "
        "than, ignore anything up to, ignore deltas below, ignore deltas under, ignore deltas smaller than, ignore "
        "deltas less than, ignore deltas up to, ignore everything below, ignore everything under, ignore everything "
        "smaller than, ignore everything less than, ignore everything up to, ignoring changes below, ignoring changes "
        "under, ignoring changes smaller than, ignoring changes less than, ignoring changes up to, ignoring "
        "differences below, ignoring differences under, ignoring differences smaller than, ignoring differences less "
        "than, ignoring differences up to, ignoring anything below, ignoring anything under, ignoring anything "
        "smaller than, ignoring anything less than, ignoring anything up to, ignoring deltas below, ignoring deltas "
        "under, ignoring deltas smaller than, ignoring deltas less than, ignoring deltas up to, ignoring everything "
        "below, ignoring everything under, ignoring everything smaller than, ignoring everything less than, ignoring "
        "everything up to, up to a difference of, with a margin of, margin of, margin, "
        "tol, with tol, the same within, same within, equal within, identical within, the same up to, "
        "differ by more than, differ more than, differ by"
    ),
    "every": "every, each, jeden, cada, chaque, täglich",
    "seeds": (
        "all seeds of, seeds of, seed of, groups, groups of, all repeats of, repeats of, all runs called, all runs "
        "named, all runs like, group of, the group, group"
    ),
    "sweep": (
        "sweep, all in sweep, all of sweep, all runs in sweep, all runs of sweep, in sweep, children of, all "
        "children of"
    ),
}
SEPARATORS = {
    "vs": "vs, vs., ..., …, versus, v, v., next to, side by side with, ->, -->, =>, →, ⇒, |, contra, gegen",
    "against": "against, vs baseline run",
    "and": "and, &, und, et, y, e, +, plus, as well as, and also",
    "or": "or, oder, ou, o",
    "with": "with, w/, to, mit, avec, con, com, zu, à",
    "dash": "-, --, /",
}
RUNS = {
    "latest": (
        "latest, newest, last, most recent, recent, letzte, letzter, letzten, neueste, neuesten, dernier, dernière, "
        "derniers, dernières, último, última, últimos, últimas, latest one"
    ),
    "previous": (
        "previous, prev, the one before, before that, vorherige, vorherigen, vorletzte, précédent, précédente, "
        "anterior, second latest, second last, second to last, predecessor, its predecessor, the run before"
    ),
    "best": (
        "best, most good, the most good, beste, bester, bestes, besten, meilleur, meilleure, meilleurs, mejor, "
        "mejores, melhor, melhores, highest ranked, winner, leading, "
        "winning, in the lead, on top, most best, very best, single best, overall best, absolute best, bestest"
    ),
    "worst": "bottom, worst, schlechteste, schlechtester, schlechtesten, pire, pires, peor, peores, pior, piores",
    "longest": ("longest, slowest, long running, long-running, took most time, took the most time, längste, längsten"),
    "shortest": (
        "shortest, fastest, quickest, took the least time, took least time, kürzeste, kürzesten, schnellste, "
        "schnellsten"
    ),
    "oldest": "oldest, earliest, älteste, ältesten",
    "second": "second best, third best, 2nd best, 3rd best, second worst, zweitbeste, zweitbester",
    "lowest": "lowest, smallest, minimal, niedrigste, niedrigsten, plus bas, más bajo, menor",
    "highest": "highest, largest, biggest, maximal, höchste, höchsten, plus haut, más alto, maior",
    "baseline": "baseline, pinned run, pinned baseline, pinned, the pinned run, basislinie",
    "alias": "champion, challenger, production, staging",
    "new_best": (
        "a new champion, new champion, new leader, a new leader, new winner, a new winner, a new top run, new top run, "
        "new records, a new record, new records of, records, new best, new bests, a new best, new best run, new "
        "record, neuer bester, nouveau meilleur"
    ),
}
FLAGS = {
    "all": "all, alle, allen, tous, toutes, todos, todas, tous les, todos los, todas as, todos os, every single",
    "everything": (
        "everything, all metrics, all the metrics, all of it, all of them, everything else, all else, all others, "
        "the others, all the others, full table, verbose, in full, all rows, the rest, expand, alle metriken, toutes "
        "les métriques, todas las métricas, todas as métricas, more metrics, more, also what is the same, anything, "
        "everywhere, anywhere"
    ),
    "file": (
        "as csv, as a csv, as json, as markdown, as excel, as pdf, csv, the csv for, a csv for, csv for, csv of, the "
        "csv of, spreadsheet, as a spreadsheet, excel, latex, as latex, as html"
    ),
    "fewer": "fewer, less, fewer metrics, less metrics, collapse, short, shorter",
    "best_values": (
        "best values, best value, best of each, best instead of last, at best, at their best, best epoch, best "
        "epochs, at their best epoch, at best epoch, at their best step, at best "
        "step, best step, best steps, best over steps, best over all steps, by best value, best instead, beste werte"
    ),
    "last_values": (
        "at the end of training, at the very end, end of training, last values, last value, final values, final, "
        "last step, final step, last epoch, at end, at the end, last instead of best, latest values, latest value"
    ),
    "repeats": (
        "with all seeds, for all seeds, with seeds, all seeds, all the seeds, all repeats, on average, averaged, over "
        "several seeds, seed averaged, seed-averaged, seed average, seed means"
    ),
    "why": (
        "why, why is that, why so, how come, what changed, what's changed, what has changed, what is different, "
        "different, what else changed, explain, explain it, explain that, reason, reasons, warum, "
        "pourquoi, por qué, por que, what was changed, was hat sich geändert, qu'est-ce qui a changé, qué cambió, o "
        "que mudou, what are the reasons, "
        "changed, changed between, changes between, what changed between"
    ),
    "by_change": (
        "sorted by relative difference, sort by relative difference, by relative difference, by relative change, "
        "sorted by change, sort by change, order by change, ordered by change, ranked by change, sorted by changes, "
        "by change, by size of change, by the change, sorted by the change, sort by the change, biggest change "
        "first, biggest changes first, largest change first, largest changes first, most changed first, sorted by "
        "difference, sort by difference, sorted by the difference, order by difference, ordered by difference, "
        "biggest difference first, biggest differences first, largest difference first, largest differences first, "
        "sorted by delta, sort by delta, order by delta, by delta, sorted by relative change, sort by relative "
        "change, nach änderung, nach änderung sortiert, sortiert nach änderung"
    ),
    "only_clear": (
        "only if clearly different, if clearly different, only when clearly different, only if significantly "
        "different, "
        "if it is clear, if it's clear, only if it is significant, if significant, "
        "only clear, only clear differences, only clear changes, only clear ones, only clear results, only if clear, "
        "only when clear, only if it is clear, only when it is clear, clear "
        "only, clear changes only, clear differences only, only the clear ones, only significant, only significant "
        "changes, only significant differences, only if significant, only when significant, only real differences, "
        "only if the difference is clear, only when the difference is clear, only clear news, nur klare, nur klare "
        "unterschiede"
    ),
    "differing": (
        "only differing, differing, only the differing, only differences, only the differences, only what differs, "
        "what differs, only what changed, only what is different, only changes, differences only, diff only, hide "
        "the same, hide what is the same, without the same, differs, differences, only diffs, hide same, differ"
    ),
    "parameters": (
        "parameters, params, parameter, param, hyperparameters, hyperparameter, hyperparams, hparams, config, "
        "configuration, configs, arguments, parametern, paramètres, parámetros, parâmetros, "
        "learning rate, learning rates, batch size, batch sizes, weight decay"
    ),
    "tags": "tags, tag, labels, label",
    "datasets": "data, dataset, datasets, training data, data sets, daten, données, datos, dados",
    "details": (
        "eta, eta for, eta of, who made them, who made these, who started them, who trained them, who launched them, "
        "who did these, more details, duration, durations, how long, how long did it take, how long did they take, "
        "commit, commits, code, ids, run ids, who ran them, who ran these, who ran those, who are the owners, "
        "runtime, when did, when was, when were, when is, when will, since when, how old, faster, slower, quicker, "
        "which is faster, which one is faster, which is slower, which one is slower, "
        "id, run id, the id"
    ),
    "lower_better": (
        "lower is better, lower better, less is better, smaller is better, the lower the better, minimize, minimise, "
        "low is good, lower wins, weniger ist besser, kleiner ist besser, menor es mejor, menor é melhor, plus bas "
        "est meilleur, lower values are better, should be low, "
        "lower is best"
    ),
    "higher_better": (
        "higher is better, higher better, more is better, bigger is better, larger is better, the higher the better, "
        "maximize, maximise, high is good, higher wins, mehr ist besser, größer ist besser, höher ist besser, mayor "
        "es mejor, maior é melhor, plus haut est meilleur, higher values are better, should be high, greater is "
        "better, "
        "higher is best"
    ),
    "ascending": "ascending, asc, lowest first, smallest first, low to high, in ascending order",
    "descending": "descending, desc, highest first, largest first, biggest first, high to low, in descending order",
    "lower": "lower, low, down, smaller, niedriger, min",
    "higher": "higher, high, up, larger, bigger, höher, max",
    "neither": "neither, unknown, neither direction, neither way",
    "better": (
        "better, more better, more good, gooder, besser, mieux, wins, win, improves, improved, improvements, "
        "improvement of, improving, gets better, has improved, mejoró, bester von, superior"
    ),
    "worse": (
        "worse, regressions, regression, regressed, regresses, degrades, degraded, gets worse, worsens, schlechter, "
        "inferior, "
        "regress, regressing, degrade, deteriorated, deteriorates"
    ),
    "owner": "owner, owners, the owner, the owners",
    "each_new": (
        "no matter what, whatever happens, in any case, regardless, "
        "each new run, every new run, all new runs, any new run, each new one, every new one, each finished run, every "
        "finished run, each run that finishes, every run that finishes, each run that ends, every run that ends, new "
        "runs, automatically"
    ),
    "primary": (
        "is what we want, is what we're after, is what i care about, "
        "we're tracking, we are tracking, we're optimizing, we're optimizing for, we are optimizing for, we judge by, "
        "we go "
        "by, what counts is, what matters to us is, all that counts is, all that matters is, "
        "by default, as default, as the default, as our default, as my default, "
        "is what counts, is what matters, is what we care about, is all that counts, is all that matters, is the one "
        "that counts, is the one that matters, the metric that counts, the metric that matters, the metric we care "
        "about, we care about, we care most about, we only care about, i care about, i care most about, we optimize "
        "for, we optimise for, is our main metric, is the main metric, is our primary metric, is the primary metric, "
        "is "
        "our metric, is our key metric, is the key metric, is our default metric, is the default metric, counts most, "
        "matters most to us, is most important, is the most important metric"
    ),
    "noise": (
        "as noise, as the same, as equal, as unchanged, as no difference, is noise, are noise, is just noise, are just "
        "noise, is only noise, don't count, do not count, doesn't count, does not count, don't matter, do not matter, "
        "is the same, are the same, counts as the same, counts as noise, count as noise, count as the same"
    ),
    "daily": "daily, every day, everyday, each day",
    "off": "off, stop it, none, aus",
    "baseline_role": (
        "as baseline, as the baseline, the baseline, zur baseline, als baseline, our baseline, the new baseline, as "
        "new baseline"
    ),
}
NOUNS = {
    "run": (
        "run, runs, one, ones, model, models, job, jobs, trial, trials, seeds, repeats, finetunes, fine-tunes, "
        "finetune, checkpoint, performers, performer, checkpoints, variant, variants, candidate, candidates, "
        "training, trainings, lauf, läufe, läufen, exécution, exécutions, ejecución, ejecuciones, execução, "
        "execuções, modell, modelle, modèle, modèles, modelo, modelos, experiment run, experiment runs, corridas, "
        "corrida, rodada, version, result, results, attempt, attempts"
    ),
    "experiment": (
        "experiment, experiments, default experiment, the default experiment, experimente, expérience, expériences, "
        "experimento, experimentos, project"
    ),
}
FILLERS = (
    "by how much, how much better, how much worse, increase, increased, increases, decrease, decreased, decreases, "
    "rise, rose, fall, fell, grow, grew, dropped, go, goes, went, going, worth it, worth, been doing, coming along, "
    "been training, been launching, trained, launched, started, created, logged, submitted, gm, gn, quick q, quick "
    "question, q, any good, btwn, nothing, worked, works, table, table of, table for, longer than, shorter than, "
    "gave, gives, achieved, achieves, reached, reaches, yielded, yields, hit, for this channel, for the channel, for "
    "our channel, of this channel, of the channel, kicked off, queued, good afternoon, good evening, good morning, "
    "a, an, the, my, our, your, some, this, that, these, those, i, i'd, i'm, we, we'd, you, me, us, it, it's, they, "
    "them, their, he, she, is, are, was, were, be, been, being, am, do, does, does't, did, has, have, had, having, "
    "can, could, would, will, should, shall, may, might, must, tell, let, let's, want, wanna, like, need, know, see, "
    "get, got, look, find, check, say, said, what, what's, what're, which, how, much, many, there, there's, here, "
    "whether, so, far, now, right, currently, yet, already, still, just, please, pls, plz, plss, kindly, thanks, "
    "thx, thank, danke, bitte, merci, gracias, obrigado, obrigada, por favor, s'il vous plaît, svp, hi, hello, hey, "
    "yo, hallo, hola, bonjour, olá, ok, okay, cool, great, hmm, um, uh, well, oh, ah, also, too, then, maybe, "
    "perhaps, really, actually, basically, simply, quickly, quick, guys, team, everyone, everybody, folks, bot, "
    "mlcompare, any, anyone, someone, thing, things, something, values, value, between, among, into, out, at, as, "
    "each other, other, both, lot, a lot, sort, kind, compared, mir, uns, ich, wir, du, dir, der, die, das, den, "
    "dem, ein, eine, einen, einem, einer, ist, sind, war, hat, haben, welche, welcher, welches, welchen, kannst, "
    "kann, könntest, bitte mal, mal, doch, gibt, es, le, la, les, un, une, l', moi, nous, je, tu, vous, est, sont, "
    "quel, quelle, quels, quelles, peux, peut-on, ce, cet, cette, entre, ont, qu'est-ce, qu'est-ce qui, qu'est-ce "
    "que, zwischen, gerade, gestartet, trainiert, lancé, iniciado, el, los, las, una, lo, me puedes, puedes, son, "
    "está, están, cuál, cuales, cuáles, qué, quién, entre los, o os, os, as execuções, uma, é, são, qual, quais, "
    "pode, você, que, quem, eu, nós, dos, na, nas, no os, good, morning, afternoon, evening, there are, going to, "
    "curious, wondering, if possible, for me, for us, in here, in this channel, in our channel, in the channel, in "
    "this experiment, would you mind, tell me, tell us, give me, give us, show me, show us, anymore, any more, any "
    "longer, hey there, hi there, question, asap, looks, seem, seems, i think, i guess, last time, appear, appears, "
    "appeared, comes, come, of each, and then, to me, by the way, btw, fyi, bitteschön, each of them, per run, best "
    "regards, cheers, ty, tia, ever, doing, take, took, taken, default, usually, over time, did it, have a, has a, "
    "in general, so far, until now, up to now, for now, at the moment, at present, right now, as of now, likewise, "
    "hope, sure, by any chance, my friend, real quick, stuff, order, tldr, tl;dr, when you can, when you have time, "
    "if you can, no rush, dear, each one, we're, they're, lemme, gimme, pretty please, or not, u, ur, rn, side by "
    "side, go up, go down, went up, went down, work on, worked on, working on, been up to, up to lately, lately, "
    "recently, number of, the number of, total number of, mean of, the mean of, average of, the average of, averages "
    "of, avg of, gain, gained, gains, how many percent, what percentage, by what percentage, @here, @channel, "
    "@everyone, <!here>, <!channel>, <!everyone>, i mean, i meant, check if, check whether, see if, see whether, "
    "know if, know whether, wondering if, wonder if, wondering whether, find out if, find out whether, a bit, by "
    "far, exactly, roughly, altogether, in total, guess what, cc, /cc, noticeably, significantly, clearly, "
    "substantially, considerably, notably, =, :=, ran, the same, identical, equivalent, fare, fared, perform, "
    "performs, performed, measure up, hold up, held up, best first, knows, real, bad, so bad, cost more, costs more, "
    "looking, next to each other, beside each other, newest first, latest first, most recent first, learn from, "
    "learn, getting, becoming"
)
SMALL_TALK = (  # what people say to each other: nothing is asked
    "how are you, how are you doing, how r u, not bad, not bad at all, no thanks, no thank you, nope, nah, thanks, "
    "thank you, thanks a lot, thanks so much, thank you so much, thank you very much, many thanks, thx, ty, tia, "
    "cheers, danke, danke schön, vielen dank, merci, merci beaucoup, gracias, muchas gracias, obrigado, obrigada, "
    "nice, nice one, nice work, great, great job, great work, good job, good bot, good work, well done, cool, "
    "awesome, amazing, perfect, excellent, brilliant, super, wonderful, lovely, sweet, neat, wow, whoa, yay, haha, "
    "lol, ok, okay, alright, all right, got it, i see, makes sense, makes sense to me, sounds good, sounds good to "
    "me, looks good, looks good to me, lgtm, ship it, agreed, i agree, same here, +1, never mind, nevermind, no "
    "worries, you're welcome, np, no problem, sorry, my bad, oops, good to know, interesting, hmm, hm, love it, "
    "nicely done, good point, will do, done deal, bye, goodbye, see you, see ya, good night, have a nice day, that's "
    "all"
)
FILLERS += f", {SMALL_TALK}"
FLAGS["repeats"] += "".join(
    f", {mean}{over} {many}{what}"
    for mean in ("", "averaged ", "average ", "avg ", "mean ", "mean values ")
    for over in ("over", "across")
    for many in ("", "all ", "the ", "all the ", "several ")
    for what in ("seeds", "repeats")
)
_TO = ("", " me", " us", " here", " this channel", " the channel", " our channel", " the team", " everyone", " us here")
_TELL = ("notify", "alert", "ping", "warn", "inform", "message", "tell", "remind", "dm", "update", "post", "report")
_ABOUT_VERBS = ("notify", "alert", "ping", "warn", "inform", "message", "dm")
_ONCE = ("when", "whenever", "if", "once", "as soon as", "every time", "each time")
_ABOUT = ("about", "of", "on", "for")
_GETTING = _phrases(
    "hear, be told, be notified, get notified, get pinged, be alerted, get an alert, shout, a heads up, heads up, "
    "a shout, a ping, a note, a nudge, a line, drop us a line, drop me a line, drop us a note, drop me a note, "
    "alerts, notifications, a notification, messages, pings, a message, an alert"
)
_UNSAYING = _phrases(
    "notify, tell, alert, ping, inform, message, post, report, write, update, disturb, bother, need, want"
)
_STOPPED = _phrases(
    "sending, reporting, notifying, telling, alerting, pinging, informing, messaging, watching, posting"
)
INTENTS["watch"] += "".join(f", {verb}{to} {about}" for verb in _ABOUT_VERBS for to in _TO[1:] for about in _ABOUT)
INTENTS["watch"] += "".join(
    f", keep{to} {up} {about}" for to in _TO[1:] for up in ("posted", "informed", "updated") for about in _ABOUT
)
INTENTS["watch"] += "".join(f", tell{to} {about}" for to in _TO[3:8] for about in ("about", "of"))
INTENTS["watch"] += "".join(f", let{to} know {about}" for to in _TO[1:] for about in _ABOUT)
INTENTS["watch_when"] = ", ".join(f"{verb}{to} {once}" for verb in _TELL for to in _TO for once in _ONCE)
INTENTS["watch_when"] += "".join(f", {get} {once}" for get in _GETTING for once in _ONCE)
INTENTS["watch_when"] += "".join(f", let{to} know {once}" for to in _TO[1:] for once in _ONCE)
INTENTS["unwatch"] += "".join(
    f", {dont} {verb}{to} {about}".rstrip()
    for dont in ("don't",)
    for verb in _UNSAYING
    for to in _TO
    for about in (*_ABOUT, *_ONCE, "")
)
INTENTS["unwatch"] += "".join(
    f", {stop} {doing}{to} {about}".rstrip()
    for stop in ("stop", "quit", "no more")
    for doing in _STOPPED
    for to in _TO
    for about in (*_ABOUT, *_ONCE, "")
)
_TABLES: tuple[tuple[Role, Mapping[str, str]], ...] = (
    (Role.FILLER, {"filler": FILLERS}),
    (Role.NOUN, NOUNS),
    (Role.INTENT, INTENTS),
    (Role.SLOT, SLOTS),
    (Role.SEPARATOR, SEPARATORS),
    (Role.RUN, RUNS),
    (Role.FLAG, FLAGS),
)
ROLES: Mapping[str, Role] = {key: role for role, table in _TABLES for key in table}
_SHORT_FORMS = {  # what is written in one word as well: who is, who's
    **{f"{word} is": f"{word}'s" for word in ("what", "who", "how", "where", "when", "there", "that", "it")},
    **{f"{verb} not": f"{verb}n't" for verb in ("do", "does", "did", "is", "are", "was", "were", "has", "have")},
    "can not": "can't",
    "will not": "won't",
}


def _spellings(row: str) -> Iterator[str]:
    """All ways to spell what one row says: `who is training` is `who's training`, too."""
    for spelling in map(str.strip, row.split(",")):
        yield spelling
        for long, short in _SHORT_FORMS.items():
            if long in spelling and f" {long} " in f" {spelling} ":
                yield f" {spelling} ".replace(f" {long} ", f" {short} ").strip()
            elif short in spelling and f" {short} " in f" {spelling} ":
                yield f" {spelling} ".replace(f" {short} ", f" {long} ").strip()


_SAID = [(key, spelling) for _role, table in _TABLES for key, row in table.items() for spelling in row.split(",")]
WORDS: Mapping[tuple[str, ...], str] = {
    **{tuple(each.split()): key for _role, table in _TABLES for key, row in table.items() for each in _spellings(row)},
    **{tuple(spelling.split()): key for key, spelling in _SAID},  # what is written out in a row comes before
}
LONGEST: dict[str, int] = {}  # first word: words of the longest spelling
for _spelling in WORDS:
    LONGEST[_spelling[0]] = max(LONGEST.get(_spelling[0], 0), len(_spelling)) if _spelling else 0
TALK = frozenset(each.strip() for each in SMALL_TALK.split(","))
NUMBERS = {
    **{word: n for n, word in enumerate(["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 2)},
    **{word: n for n, word in enumerate(["zwei", "drei", "vier", "fünf"], 2)},
    **{word: n for n, word in enumerate(["deux", "trois", "quatre", "cinq"], 2)},
    **{word: n for n, word in enumerate(["dos", "tres", "cuatro", "cinco"], 2)},
    **{word: n for n, word in enumerate(["dois", "três", "quatro"], 2)},
    "couple": 2,
}


def near(word: str) -> tuple[str, ...]:
    """A word of ours that this one nearly is: two letters turned, or one or two wrong."""
    alike = [each for each in _SPELT.get(word[:1], ()) if abs(len(each) - len(word)) < 3 and each != word]
    turned = [each for each in alike if sorted(each) == sorted(word)]
    return tuple(turned[:1] or get_close_matches(word, alike, n=1, cutoff=_LIKE if len(word) > _SHORT else _LIKE_SHORT))


_LIKE = 0.8
_SHORT = 4  # letters of a word that has too many like it
_LIKE_SHORT = 0.88
_SPELT: dict[str, list[str]] = {}
for _words in WORDS:
    if (
        len(_words) == 1
        and len(_words[0]) > 2
        and (ROLES[WORDS[_words]] not in (Role.FILLER, Role.NOUN) or _words[0] in ("experiments", "experiment"))
    ):
        _SPELT.setdefault(_words[0][0], []).append(_words[0])
PLURAL = frozenset(
    {"runs", "läufe", "ejecuciones", "execuções", "exécutions", "models", "jobs", "trials", "ones", "seeds", "repeats"}
    | {"finetunes", "fine-tunes", "checkpoints", "variants", "candidates"}
)
