namespace Podflare.Problems;

/// <summary>Adds the ids of the request to the detail of problems whose <c>error</c> must not change, because published clients compare it.</summary>
internal static class ResourceNames
{
    // A longer id is malformed anyway.
    private const int MaxShown = 64;

    public static Problem AddTo(Problem problem, RouteValueDictionary route) => problem.Code switch
    {
        "sandbox_not_found" when Text(route, "id") is { } id => problem with { Detail = $"sandbox '{id}' does not exist, or it belongs to another key" },
        "run_not_found" when Text(route, "run") is { } run => problem with { Detail = $"run '{run}' does not exist in this sandbox, or it is no longer stored" },
        _ => problem,
    };

    private static string? Text(RouteValueDictionary route, string name) =>
        route[name] is string text ? text.Length > MaxShown ? $"{text[..MaxShown]}…" : text : null;
}
