using Podflare.Configuration;

namespace Podflare.Pages;

/// <summary>The layout of every page.</summary>
internal sealed class Layout(Assets assets, StatusOptions options)
{
    public string Name => options.Name;

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
        <link rel="icon" href="{assets.LogoPath}">
        <link rel="stylesheet" href="{assets.Path("site.css")}">
        <link rel="alternate" type="application/atom+xml" title="{Name} status, Atom" href="/history.atom">
        <link rel="alternate" type="application/rss+xml" title="{Name} status, RSS" href="/history.rss">
        <script src="{assets.Path("site.js")}" defer></script>
        </head>
        <body{(live ? Html.Of($" data-live") : Html.Empty)}>
        <a class="skip" href="#main">Skip to content</a>
        <header class="top"><div class="wrap">
        <a class="brand" href="/"><img src="{assets.LogoPath}" alt="" height="28"><span>{Name} <span class="brand-light">status</span></span></a>
        <nav aria-label="Main"><ul>{Link("/", "Status", current)}{Link("/history", "History", current)}{Link("/subscribe", "Subscribe", current)}{(Support is { } help ? Html.Of($"<li><a href=\"{help}\">Support</a></li>") : Html.Empty)}</ul></nav>
        </div></header>
        <main id="main" class="wrap" tabindex="-1">{main}</main>
        <footer class="wrap"><p>Measured from outside, through the public API. Times are in UTC.</p>
        <p><a href="/history.atom">Atom</a> <a href="/history.rss">RSS</a> <a href="/api/v2/summary.json">JSON</a> <a href="/api/uptime.json">Uptime JSON</a></p></footer>
        </body>
        </html>
        """).Text;

    private string? Support => string.IsNullOrEmpty(options.SupportUrl) ? null : options.SupportUrl;

    private static Html Link(string href, string text, string current) =>
        Html.Of($"<li><a href=\"{href}\"{(href == current ? Html.Of($" aria-current=\"page\"") : Html.Empty)}>{text}</a></li>");
}
