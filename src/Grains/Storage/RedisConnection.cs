using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Podflare.Certificates;
using StackExchange.Redis;

namespace Podflare.Storage;

/// <summary>The one place that knows whether there is a Redis, and how connections to it are made.</summary>
internal static class RedisConnection
{
    // The library's own message could show a part of a password.
    private const string Expected = "is not valid. It names at least one server, then options: host:port,option=value,...";

    /// <summary>Name of the connection string that decides between a cluster and the embedded process.</summary>
    public const string Name = "Redis";

    /// <summary>The connection string; null when none is set, or when it is blank.</summary>
    /// <exception cref="OptionsValidationException">The connection string is not valid.</exception>
    public static string? Find(IConfiguration configuration)
    {
        if (configuration.GetConnectionString(Name) is not { } text || string.IsNullOrWhiteSpace(text)) return null;
        if (TryParse(text) is null) throw new OptionsValidationException(Name, typeof(ConfigurationOptions), [$"ConnectionStrings:{Name} {Expected}"]);
        return text;
    }

    /// <summary>The servers that a connection string names, without its password.</summary>
    public static string Describe(string connection) => string.Join(", ", Settings(connection).EndPoints.Select(server => server switch
    {
        DnsEndPoint dns => $"{dns.Host}:{dns.Port}",
        _ => server.ToString(),
    }));

    /// <summary>The only authority that a certificate of Redis may have; null when none is configured, and the system's authorities apply.</summary>
    /// <exception cref="OptionsValidationException">The file cannot be used.</exception>
    public static CertificateAuthority? FindAuthority(IConfiguration configuration)
    {
        if (configuration[$"{RedisOptions.Section}:{nameof(RedisOptions.Authority)}"] is not { Length: > 0 } path) return null;
        try
        {
            return new CertificateAuthority(path, TimeProvider.System);
        }
        catch (CertificateFileException e)
        {
            throw new OptionsValidationException(RedisOptions.Section, typeof(RedisOptions), [$"{RedisOptions.Section}:{nameof(RedisOptions.Authority)}: {e.Message}"]);
        }
    }

    /// <summary>The settings of every connection: it fails fast, because callers repeat with their own deadlines.</summary>
    /// <param name="authority">The only authority that the certificate of Redis may have.</param>
    /// <exception cref="ArgumentException">The connection string is not valid.</exception>
    public static ConfigurationOptions Settings(string connection, CertificateAuthority? authority = null)
    {
        var settings = TryParse(connection) ?? throw new ArgumentException($"The Redis connection string {Expected}", nameof(connection));
        settings.AbortOnConnectFail = false;
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        settings.AsyncTimeout = 2_000;
        settings.SyncTimeout = 2_000;

        // The client library counts INFO, which tells how full Redis is, among the administrator's commands.
        settings.AllowAdmin = true;
        settings.ReconnectRetryPolicy = new LinearRetry(500);
        if (authority is not null)
        {
            settings.CertificateValidation += (_, certificate, _, errors) =>
                (errors & ~SslPolicyErrors.RemoteCertificateChainErrors) == SslPolicyErrors.None && certificate is X509Certificate2 own && authority.Trusts(own);
        }

        return settings;
    }

    private static ConfigurationOptions? TryParse(string connection)
    {
        try
        {
            return ConfigurationOptions.Parse(connection) is { EndPoints.Count: > 0 } settings ? settings : null;
        }
        catch (Exception e) when (e is ArgumentException or FormatException or OverflowException)
        {
            return null;
        }
    }
}
