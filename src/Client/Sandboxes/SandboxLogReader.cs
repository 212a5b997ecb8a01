using System.Globalization;
using System.Runtime.CompilerServices;

namespace Podflare;

/// <summary>Reads the log of a sandbox, page after page.</summary>
internal static class SandboxLogReader
{
    // The server stores lines once a second.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <param name="follow">Whether to wait for further lines, until the caller stops.</param>
    public static async IAsyncEnumerable<SandboxLogLine> ReadAsync(SandboxScope scope, bool follow, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var after = 0L;
        while (true)
        {
            var call = scope.Call(HttpMethod.Get, QueryPath.Of("logs", ("after", after.ToString(CultureInfo.InvariantCulture))));
            var page = await scope.Transport.CallAsync(call, ClientJson.Default.SandboxLogPage, cancellationToken).ConfigureAwait(false);
            foreach (var line in page.Logs) yield return line;
            if (page.NextAfter == after)
            {
                if (!follow) yield break;
                await Task.Delay(Interval, scope.Transport.Time, cancellationToken).ConfigureAwait(false);
            }

            after = page.NextAfter;
        }
    }
}
