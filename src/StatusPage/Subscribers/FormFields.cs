using Podflare.Http;
using Podflare.Snapshots;

namespace Podflare.Subscribers;

/// <summary>A posted form, read strictly.</summary>
internal sealed class FormFields(IFormCollection form)
{
    public static async Task<FormFields> ReadAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType) throw new RequestRejectedException(400, "invalid_request", "a form is expected");
        try
        {
            return new FormFields(await context.Request.ReadFormAsync(context.RequestAborted));
        }
        catch (Exception e) when (e is InvalidDataException or BadHttpRequestException { StatusCode: not 413 })
        {
            throw new RequestRejectedException(400, "invalid_request", "the form cannot be read");
        }
    }

    /// <summary>A field's value; null when it is absent, or there twice, which no page of ours sends.</summary>
    public string? Single(string name) => form[name] is [{ } one] ? one : null;

    /// <summary>Null when it names unknown things or nothing.</summary>
    public SubscriptionFilter? Filter(Snapshot snapshot)
    {
        var known = snapshot.Measured.Select(c => c.Id).ToHashSet();
        string[] components = [.. form["component"].Select(c => c ?? "").Distinct()];
        string[] kinds = [.. form["kind"].Select(k => k ?? "").Distinct()];
        var right = components.All(known.Contains) && kinds.Length > 0 && kinds.All(k => k is "incidents" or "maintenance");
        return right ? new SubscriptionFilter(components, kinds.Contains("incidents"), kinds.Contains("maintenance")) : null;
    }
}
