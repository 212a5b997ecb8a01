namespace Podflare.Pages;

/// <summary>The layout of every page.</summary>
internal sealed class Layout(Assets assets, string name)
{
    public string Name => name;

    /// <param name="robots">False for pages that search engines must not index.</param>
    public string Page(string title, Html main, string current = "", bool live = false, bool robots = true) => Html.Of($"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        {(robots ? Html.Empty : Html.Of($"<meta name=\"robots\" content=\"noindex\">"))}
        <title>{title}</title>
        <link rel="icon" href="/icon.svg" type="image/svg+xml">
        <link rel="stylesheet" href="{assets.Path("site.css")}">
        <link rel="alternate" type="application/atom+xml" title="{name} status, Atom" href="/history.atom">
        <link rel="alternate" type="application/rss+xml" title="{name} status, RSS" href="/history.rss">
        <script src="{assets.Path("site.js")}" defer></script>
        </head>
        <body{(live ? Html.Of($" data-live") : Html.Empty)}>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top"><div class="wrap">
        <a class="brand" href="/"><svg viewBox="0 0 32 32" aria-hidden="true" focusable="false"><rect x="2" y="2" width="28" height="28" rx="8"/><path d="M8 18h4l3-8 4 13 2.5-5H24"/></svg><span>{name} <span class="brand-light">status</span></span></a>
        <nav aria-label="Main"><ul>{Link("/", "Status", current)}{Link("/history", "History", current)}{Link("/subscribe", "Subscribe", current)}</ul></nav>
        </div></header>
        <main id="main" class="wrap" tabindex="-1">{main}</main>
        <footer class="wrap"><p>Measured from outside, through the public API. All times are UTC.</p>
        <p><a href="/history.atom">Atom</a> <a href="/history.rss">RSS</a> <a href="/api/v2/summary.json">JSON</a> <a href="/api/uptime.json">Uptime JSON</a></p></footer>
        </body>
        </html>
        """).Text;

    private static Html Link(string href, string text, string current) =>
        Html.Of($"<li><a href=\"{href}\"{(href == current ? Html.Of($" aria-current=\"page\"") : Html.Empty)}>{text}</a></li>");
}
