using System.Text.Json;

namespace Podflare;

/// <summary>
/// Where the telemetry of the tenant goes: its own OpenTelemetry backend gets the spans of its runs, and what programs in its sandboxes send. All members need a key
/// with the scope <c>keys</c>; without it they throw <see cref="InsufficientScopeException"/>.
/// </summary>
/// <example>
/// <code>
/// await client.Telemetry.SetAsync(new() { Endpoint = "https://otlp.example.com", Headers = new Dictionary&lt;string, string> { ["x-api-key"] = key } });
/// Console.WriteLine((await client.Telemetry.TestAsync()).Outcome);
/// </code>
/// </example>
public class TelemetryClient
{
    private const string Path = "v1/telemetry";
    private readonly Transport? _transportOrNull;

    internal TelemetryClient(Transport transport) => _transportOrNull = transport;

    /// <summary>For derived classes in tests. Members throw unless they are overridden.</summary>
    protected TelemetryClient()
    {
    }

    private Transport Transport => _transportOrNull ?? throw SandboxScope.Missing("This member");

    /// <summary>Sets or replaces the destination.</summary>
    /// <exception cref="InvalidRequestException">The address, a header or a pattern is not allowed.</exception>
    /// <exception cref="NotOfferedException">The server has no key for secrets.</exception>
    public virtual Task<TelemetryDestination> SetAsync(TelemetrySettings settings, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentException.ThrowIfNullOrWhiteSpace(settings.Endpoint);
        var bytes = JsonSerializer.SerializeToUtf8Bytes(settings, ClientJson.Default.TelemetrySettings);
        return Transport.CallAsync(new ApiCall(HttpMethod.Put, Path) { Content = () => SandboxScope.Json(bytes) }, ClientJson.Default.TelemetryDestination, cancellationToken);
    }

    /// <summary>Describes the destination, without the values of its headers.</summary>
    public virtual Task<TelemetryDestination> GetAsync(CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Get, Path), ClientJson.Default.TelemetryDestination, cancellationToken);

    /// <summary>Sends one span, and says what came of it.</summary>
    public virtual Task<TelemetryTest> TestAsync(CancellationToken cancellationToken = default) =>
        Transport.CallAsync(new ApiCall(HttpMethod.Post, $"{Path}/test"), ClientJson.Default.TelemetryTest, cancellationToken);

    /// <summary>Removes the destination. Repeating it is harmless.</summary>
    public virtual Task RemoveAsync(CancellationToken cancellationToken = default) => Transport.CallAsync(new ApiCall(HttpMethod.Delete, Path), cancellationToken);
}
