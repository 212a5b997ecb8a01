using System.Security.Cryptography;
using System.Text;
using Podflare.Sandboxes;
using Podflare.Tenants;

namespace Podflare.E2b;

/// <summary>The tokens of one sandbox. Both are valid for this sandbox alone, and end with it.</summary>
/// <remarks>As ASCII, so that they are compared in constant time.</remarks>
internal sealed class SandboxAccess
{
    private readonly byte[] _envd = [];
    private readonly byte[] _traffic = [];

    public SandboxAccess(SandboxCredentials credentials)
    {
        (Tenant, Home) = (credentials.Tenant, credentials.Home);
        if (credentials.Secret.Length == 0) return;
        (_envd, _traffic) = (Derive(credentials.Secret, "envd"u8), Derive(credentials.Secret, "traffic"u8));
    }

    public TenantId Tenant { get; }

    /// <summary>Absolute path of the home.</summary>
    public string Home { get; }

    /// <summary>Opens files and processes.</summary>
    public string EnvdToken => Encoding.ASCII.GetString(_envd);

    /// <summary>Opens the code interpreter.</summary>
    public string TrafficToken => Encoding.ASCII.GetString(_traffic);

    public bool IsEnvdToken(string token) => Is(_envd, token);

    public bool IsTrafficToken(string token) => Is(_traffic, token);

    // A sandbox without a secret has no tokens.
    private static bool Is(byte[] expected, string token) => expected.Length > 0 && CryptographicOperations.FixedTimeEquals(expected, Encoding.UTF8.GetBytes(token));

    private static byte[] Derive(byte[] secret, ReadOnlySpan<byte> purpose) => Encoding.ASCII.GetBytes(Convert.ToHexStringLower(HMACSHA256.HashData(secret, purpose)));
}
