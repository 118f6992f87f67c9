"""Daily statistics of a trunk as in `getStats`: newest day first, sums always zero."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.demo.pbx.registration.sights import Dialect
from bot.demo.pbx.registration.trunks import ProviderRecord, statistics


def midnight(moment: float, zone: ZoneInfo) -> float:
    return datetime.fromtimestamp(moment, zone).replace(hour=0, minute=0, second=0, microsecond=0).timestamp()


def figures(trunk: ProviderRecord, days: int, now: float, zone: ZoneInfo, dialect: Dialect) -> dict[str, object]:
    today = datetime.fromtimestamp(midnight(now, zone), zone)
    dates = [today - timedelta(days=back) for back in range(days)]
    daily = [_day(trunk, date, min(now, (date + timedelta(days=1)).timestamp()), dialect) for date in dates]
    period = {"start": f"{dates[-1]:%Y-%m-%d}", "end": f"{today:%Y-%m-%d}", "days": days}
    return {"aggregated": _sums(daily, days), "daily": daily, "period": period}


def _day(trunk: ProviderRecord, date: datetime, end: float, dialect: Dialect) -> dict[str, object]:
    counted = statistics(trunk, date.timestamp(), end, dialect)
    return {
        "date": f"{date:%Y-%m-%d}",
        "total_checks": counted["totalChecks"],
        "success_count": counted["successCount"],
        "failure_count": counted["failureCount"],
        "availability": counted["availability"],
        "avgRtt": counted["averageRtt"],
        "dayOfWeek": f"{date:%A}",
        "availabilityPercent": f"{counted['availability']} pr_StatsFormatPercent",
    }


def _sums(daily: list[dict[str, object]], days: int) -> dict[str, object]:
    """Return the sums. The measured build adds fields that the days do not have, and leaves its texts untranslated."""
    rtts = [float(str(day["avgRtt"])) for day in daily if day["avgRtt"]]
    ranked = [{"date": day["date"], "availability": day["availability"]} for day in daily]
    below = {
        "achieved": "0%",
        "name": "pr_StatsSLABelowSLA",
        "allowedDowntime": "pr_StatsSLANotApplicable",
        "meets": False,
    }
    return {
        "period": f"{days} pr_StatsPeriodDays",
        "avgAvailability": 0,
        "avgAvailabilityPercent": "0 pr_StatsFormatPercent",
        "totalIncidents": 0,
        "totalUptime": 0,
        "totalUptimeFormatted": "0 pr_StatsFormatSeconds",
        "totalDowntime": 0,
        "totalDowntimeFormatted": "0 pr_StatsFormatSeconds",
        "avgRtt": round(sum(rtts) / len(rtts), 1) if rtts else None,
        "daysWithData": len(daily),
        "totalChecks": 0,
        "successRate": 0,
        "worstDay": min(ranked, key=lambda day: float(str(day["availability"]))),
        "bestDay": max(ranked, key=lambda day: float(str(day["availability"]))),
        "sla": below,
    }
