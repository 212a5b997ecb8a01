using System.Collections.Frozen;
using System.Text;
using Markdig;
using Markdig.Extensions.AutoIdentifiers;

namespace Podflare.Problems;

/// <summary>The pages about the error codes that the <c>type</c> of a problem links to: <c>docs/errors</c>, embedded in this assembly.</summary>
internal static class ErrorPages
{
    /// <summary>The path in front of a code.</summary>
    public const string Prefix = "/errors";

    private const string ResourcePrefix = "Podflare.Errors.";

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().UsePipeTables().UseAutoIdentifiers(AutoIdentifierOptions.GitHub).DisableHtml().Build();

    private static readonly FrozenDictionary<string, string> Markdown = typeof(ErrorPages).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(ResourcePrefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[ResourcePrefix.Length..], Read);

    /// <returns>The page as Markdown; null for an unknown code.</returns>
    public static string? FindMarkdown(string code) => Markdown.GetValueOrDefault(code);

    /// <summary>Renders a page for browsers. It needs nothing from anywhere else.</summary>
    public static string ToHtml(string code, string markdown) => $$"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>{{code}} · Podflare API errors</title>
        <style>
        :root { color-scheme: light dark; }
        body { font: 1rem/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
        code, pre { font-family: ui-monospace, monospace; font-size: .95em; }
        pre { overflow-x: auto; padding: .75rem 1rem; border: 1px solid #8884; border-radius: .4rem; }
        </style>
        </head>
        <body>
        {{Markdig.Markdown.ToHtml(markdown, Pipeline)}}</body>
        </html>

        """;

    private static string Read(string resource)
    {
        using var stream = typeof(ErrorPages).Assembly.GetManifestResourceStream(resource)!;
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
