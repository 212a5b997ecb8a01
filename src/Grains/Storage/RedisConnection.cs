using Microsoft.Extensions.Configuration;
using StackExchange.Redis;

namespace Podflare.Storage;

/// <summary>The one place that knows whether there is a Redis, and how connections to it are made.</summary>
internal static class RedisConnection
{
    /// <summary>Name of the connection string that decides between a cluster and the embedded process.</summary>
    public const string Name = "Redis";

    /// <summary>The connection string; null when none is set, or when it is blank.</summary>
    public static string? Find(IConfiguration configuration) =>
        configuration.GetConnectionString(Name) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

    /// <summary>The settings of every connection: it fails fast, because callers repeat with their own deadlines.</summary>
    public static ConfigurationOptions Settings(string connection)
    {
        var settings = ConfigurationOptions.Parse(connection);
        settings.AbortOnConnectFail = false;
        settings.BacklogPolicy = BacklogPolicy.FailFast;
        settings.AsyncTimeout = 2_000;
        settings.SyncTimeout = 2_000;
        settings.ReconnectRetryPolicy = new LinearRetry(500);
        return settings;
    }
}
