namespace Podflare.Hosting;

/// <summary>A place where the API is served, and the form of its events.</summary>
/// <param name="Prefix">In front of <c>/v1</c>.</param>
/// <param name="JoinsLines">Events in the published client's form: one line each, without its newline.</param>
internal sealed record Mount(string Prefix, bool JoinsLines)
{
    /// <summary>All routes, events as they are stored.</summary>
    public static readonly Mount Main = new("", JoinsLines: false);

    /// <summary>The routes that published clients use, events in their form.</summary>
    public static readonly Mount Compat = new("/compat/podflare", JoinsLines: true);
}
