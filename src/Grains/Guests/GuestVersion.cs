namespace Podflare.Guests;

/// <summary>The versions of the guest protocol. A guest offers the highest one that it knows, and the worker chooses.</summary>
internal static class GuestVersion
{
    /// <summary>Output and ends of code, and files.</summary>
    public const int First = 1;

    /// <summary>Results, contexts, processes, terminals, watches, late output.</summary>
    public const int AllKinds = 2;

    /// <summary>Calls of tools.</summary>
    public const int Tools = 3;

    /// <summary>The version to use with a guest that knows versions up to <paramref name="offered"/>; null is the first.</summary>
    public static int Choose(int? offered) => Math.Clamp(offered ?? First, First, Tools);
}
