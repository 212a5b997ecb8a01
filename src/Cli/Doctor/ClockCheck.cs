using System.Globalization;

namespace Podflare.Cli.Doctor;

/// <summary>Compares the clock of the server, in the header <c>Date</c> of its answers, with that of this machine.</summary>
internal sealed class ClockCheck(Uri address, TimeProvider time)
{
    // The header has whole seconds, and the answer takes a moment.
    private static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    public async Task<Finding> CompareAsync(string name, CancellationToken cancellationToken)
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = !address.IsLoopback }) { BaseAddress = address, Timeout = Limit };
        try
        {
            using var response = await http.GetAsync(new Uri("v1/healthz", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.Headers.Date is not { } date) return new Finding(name, Finding.Skipped, "the server sends no time");
            var ahead = date - time.GetUtcNow();
            if (ahead.Duration() <= Tolerance) return new Finding(name, Finding.Passed, "the server and this machine agree about the time");
            var seconds = Math.Round(ahead.Duration().TotalSeconds).ToString("0", CultureInfo.InvariantCulture);
            return new Finding(
                name, Finding.Warning, $"the server's clock is {seconds} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} this machine's",
                "Events, traces and the lifetime of sandboxes have the server's time. Use NTP on both machines.");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new Finding(name, Finding.Skipped, "the server did not answer in time");
        }
    }
}
