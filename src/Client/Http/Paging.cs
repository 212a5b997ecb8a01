using System.Runtime.CompilerServices;

namespace Podflare;

/// <summary>Reads lists page after page, as their items are needed.</summary>
internal static class Paging
{
    /// <param name="read">Reads the page that a cursor names; null names the first one.</param>
    public static async IAsyncEnumerable<T> ListAsync<T>(
        Func<string?, CancellationToken, Task<(IReadOnlyList<T> Items, string? Next)>> read, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? cursor = null;
        do
        {
            var (items, next) = await read(cursor, cancellationToken).ConfigureAwait(false);
            foreach (var item in items) yield return item;
            // A cursor that does not advance would loop forever.
            cursor = next == cursor ? null : next;
        }
        while (cursor is not null);
    }
}
