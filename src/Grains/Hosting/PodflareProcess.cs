using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
using Podflare.Certificates;
using Podflare.Containers;
using Podflare.Hosts;
using Podflare.Processes;
using Podflare.Storage;

namespace Podflare.Hosting;

/// <summary>What this process turned out to be, from its settings and its run folder.</summary>
/// <param name="Redis">The Redis connection string; null makes it embedded.</param>
/// <param name="Folder">Its run folder, locked; null on a frontend, which needs none.</param>
public sealed record PodflareProcess(PodflareOptions Options, ProcessRole Role, string ClusterId, string? Redis, LocalHost Host, RunFolder? Folder)
{
    /// <summary>The only authority that the certificate of Redis may have; null for those of the system.</summary>
    public CertificateAuthority? RedisAuthority { get; init; }

    /// <summary>TLS between the processes of the cluster; null without it, and in an embedded process, which has its own.</summary>
    internal ClusterTls? Tls { get; init; }

    /// <summary>The address at which other silos reach this one; null in an embedded process.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>By which other silos know what this one is.</summary>
    public string SiloName => HostSilos.NameOf(Role.ToString().ToLowerInvariant(), Host.Id);

    public static PodflareProcess From(IConfiguration configuration, ProcessRole clusterRole)
    {
        var options = configuration.GetSection(PodflareOptions.Section).Get<PodflareOptions>() ?? new PodflareOptions();
        Validate(options);
        var redis = RedisConnection.Find(configuration);
        var role = options.Role ?? (redis is null ? ProcessRole.All : clusterRole);
        if (redis is null && role is not ProcessRole.All)
        {
            throw new OptionsValidationException(
                PodflareOptions.Section, typeof(PodflareOptions), [$"Podflare:Role is {role}, which needs ConnectionStrings:Redis: without it one process is the whole cluster."]);
        }

        var tls = redis is null ? null : ClusterTls.Find(configuration);
        var address = redis is null ? null : AdvertisedAddress.Resolve(options.AdvertisedAddress, redis);
        if (address is not null && tls is null && !IPAddress.IsLoopback(address) && !ClusterTls.Read(configuration).AllowPlaintext)
        {
            throw new StartUpException(
                $"The address {address} (Podflare:AdvertisedAddress) can be reached by other machines, and {ClusterCertificateOptions.Section} has no certificate, so anyone there could act for every tenant. "
                + $"Set Certificate, Key and Authority (eng/cluster-certificates.sh makes them), or {ClusterCertificateOptions.Section}:AllowPlaintext if nobody else is in that network.");
        }

        var folder = role is ProcessRole.Frontend ? null : RunFolder.Open(options.RunFolder, options.HostId);
        var cluster = options.ClusterId ?? (redis is null ? RunFolder.EmbeddedClusterId(options.RunFolder) : "podflare");
        return new PodflareProcess(options, role, cluster, redis, new LocalHost(folder?.HostId), folder) { RedisAuthority = RedisConnection.FindAuthority(configuration), Tls = tls, Address = address };
    }

    private static void Validate(PodflareOptions options)
    {
        var mistakes = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), mistakes, validateAllProperties: true)) return;
        throw new OptionsValidationException(
            PodflareOptions.Section, typeof(PodflareOptions), mistakes.Select(mistake => $"{PodflareOptions.Section}: {mistake.ErrorMessage}"));
    }
}
