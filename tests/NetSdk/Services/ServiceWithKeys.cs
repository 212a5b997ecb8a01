using System.Security.Cryptography;
using Podflare.NetSdk.Services;

[assembly: AssemblyFixture(typeof(ServiceWithKeys))]

namespace Podflare.NetSdk.Services;

/// <summary>A service that requires keys, for the tests of administrators. It is started when the first test asks for it.</summary>
public sealed class ServiceWithKeys : IAsyncDisposable
{
    private readonly Lazy<Task<Service>> _service;

    public ServiceWithKeys() => _service = new Lazy<Task<Service>>(() => Service.StartAsync(
        "k",
        new Dictionary<string, string>
        {
            ["PODFLARE_ADMIN_KEYS"] = AdminKey,
            ["PODFLARE_API_KEYS"] = ApiKey,
            // Receivers of tests listen there.
            ["Podflare__Destinations__AllowHttp"] = "true",
            ["Podflare__Destinations__AllowedAddresses"] = "127.0.0.1",
        },
        ApiKey));

    /// <summary>A key with the scope <c>admin</c>.</summary>
    public string AdminKey { get; } = RandomNumberGenerator.GetHexString(48, lowercase: true);

    /// <summary>A key of the tenant <c>default</c> with the scope <c>sandboxes</c>.</summary>
    public string ApiKey { get; } = RandomNumberGenerator.GetHexString(32, lowercase: true);

    public async Task<Uri> AddressAsync() => (await _service.Value).Address;

    public async Task<PodflareClient> ConnectAsync(string? key) => (await _service.Value).Connect(options =>
    {
        options.ApiKey = key;
        options.MaxRetries = 0;
    });

    public async ValueTask DisposeAsync()
    {
        if (_service.IsValueCreated) await (await _service.Value).DisposeAsync();
    }
}
