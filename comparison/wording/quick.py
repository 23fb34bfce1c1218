"""Quick answers in words, as Reports: each keeps the channel message short and folds the rest away."""

from comparison.wording.quick_failed import failed_report
from comparison.wording.quick_running import running_report
from comparison.wording.quick_show import show_report
from comparison.wording.quick_standup import standup_report
from comparison.wording.quick_top import top_report

__all__ = ["failed_report", "running_report", "show_report", "standup_report", "top_report"]
