using System.Net;

namespace Podflare.Webhooks;

/// <summary>How webhooks are called.</summary>
/// <param name="AllowHttp">Whether http addresses are allowed as well.</param>
/// <param name="AllowedAddresses">IP addresses that webhooks may have although they are not public.</param>
/// <param name="Timeout">Time for one call, from the name's resolution to the end of the response.</param>
/// <param name="UserAgent">The <c>User-Agent</c> of each call.</param>
public sealed record WebhookCallOptions(bool AllowHttp, IReadOnlyCollection<IPAddress> AllowedAddresses, TimeSpan Timeout, string UserAgent)
{
    /// <summary>Reads IP addresses that are separated by commas.</summary>
    /// <exception cref="FormatException">One of them is not an IP address.</exception>
    public static IPAddress[] ParseAddresses(string text) =>
        [.. text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(IPAddress.Parse)];

    /// <summary>Reads seconds between attempts that are separated by commas.</summary>
    public static double[] ParseSchedule(string text) => [.. text.Split(',').Select(s => double.Parse(s, System.Globalization.CultureInfo.InvariantCulture))];
}
