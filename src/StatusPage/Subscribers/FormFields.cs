using Podflare.Http;
using Podflare.Snapshots;

namespace Podflare.Subscribers;

/// <summary>A posted form that is validated strictly.</summary>
internal sealed class FormFields(IFormCollection form)
{
    public static async Task<FormFields> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType) throw new RequestRejectedException(400, "invalid_request", "the request must be a form");
        try
        {
            return new FormFields(await context.Request.ReadFormAsync(context.RequestAborted));
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException { StatusCode: not 413 })
        {
            throw new RequestRejectedException(400, "invalid_request", "the form could not be read");
        }
    }

    /// <summary>Returns the value of a field, or null if it is missing or repeated.</summary>
    public string? Single(string name) => form[name] is [{ } one] ? one : null;

    /// <summary>Returns null if the form names an unknown component or kind, or no kind.</summary>
    public SubscriptionFilter? Filter(Snapshot snapshot)
    {
        var known = snapshot.Measured.Select(c => c.Id).ToHashSet();
        string[] components = [.. form["component"].Select(c => c ?? "").Distinct()];
        string[] kinds = [.. form["kind"].Select(k => k ?? "").Distinct()];
        var right = components.All(known.Contains) && kinds.Length > 0 && kinds.All(k => k is "incidents" or "maintenance");
        return right ? new SubscriptionFilter(components, kinds.Contains("incidents"), kinds.Contains("maintenance")) : null;
    }
}
