// The shortcodes a bot for training runs is likely to use; others stay as they were typed.

const KNOWN = {
  "+1": "👍", "-1": "👎", alarm_clock: "⏰", arrow_down: "⬇️", arrow_down_small: "🔽", arrow_right: "➡️", arrow_up: "⬆️",
  arrow_up_small: "🔼", bar_chart: "📊", bell: "🔔", black_circle: "⚫", blue_circle: "🔵", bookmark: "🔖", broken_heart: "💔",
  bug: "🐛", bulb: "💡", calendar: "📆", chart_with_downwards_trend: "📉", chart_with_upwards_trend: "📈", clap: "👏",
  clipboard: "📋", clock1: "🕐", construction: "🚧", crown: "👑", crystal_ball: "🔮", dart: "🎯", eyes: "👀", fire: "🔥",
  first_place_medal: "🥇", gear: "⚙️", gem: "💎", green_circle: "🟢", hammer_and_wrench: "🛠️", heart: "❤️",
  heavy_check_mark: "✔️", heavy_minus_sign: "➖", heavy_multiplication_x: "✖️", heavy_plus_sign: "➕", hourglass: "⌛",
  hourglass_flowing_sand: "⏳", information_source: "ℹ️", joy: "😂", key: "🔑", label: "🏷️", large_blue_circle: "🔵",
  large_green_circle: "🟢", large_red_circle: "🔴", large_yellow_circle: "🟡", link: "🔗", lock: "🔒", mag: "🔍",
  medal: "🏅", memo: "📝", microscope: "🔬", mute: "🔇", no_bell: "🔕", no_entry: "⛔", ok: "🆗", ok_hand: "👌",
  package: "📦", party_popper: "🎉", pencil: "📝", pushpin: "📌", question: "❓", exclamation: "❗", rainbow: "🌈",
  recycle: "♻️", red_circle: "🔴", repeat: "🔁", robot_face: "🤖", rocket: "🚀", rotating_light: "🚨", runner: "🏃",
  second_place_medal: "🥈", seedling: "🌱", shrug: "🤷", slightly_smiling_face: "🙂", smile: "😄", snail: "🐌", sob: "😭",
  sparkles: "✨", star: "⭐", stopwatch: "⏱️", tada: "🎉", test_tube: "🧪", thinking_face: "🤔", third_place_medal: "🥉",
  thumbsdown: "👎", thumbsup: "👍", traffic_light: "🚦", trophy: "🏆", tulip: "🌷", turtle: "🐢",
  twisted_rightwards_arrows: "🔀", warning: "⚠️", wastebasket: "🗑️", wave: "👋", white_check_mark: "✅", white_circle: "⚪",
  wrench: "🔧", x: "❌", yellow_circle: "🟡", zap: "⚡", zzz: "💤", heavy_exclamation_mark: "❗", small_red_triangle: "🔺",
  small_red_triangle_down: "🔻", scales: "⚖️", balance_scale: "⚖️", arrows_counterclockwise: "🔄", page_facing_up: "📄",
};

export function emoji(name) {
  return Object.hasOwn(KNOWN, name) ? KNOWN[name] : null;
}

export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => emoji(name) ?? whole);
}
