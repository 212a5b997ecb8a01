using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Options;
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

        var folder = role is ProcessRole.Frontend ? null : RunFolder.Open(options.RunFolder, options.HostId);
        var cluster = options.ClusterId ?? (redis is null ? RunFolder.EmbeddedClusterId(options.RunFolder) : "podflare");
        return new PodflareProcess(options, role, cluster, redis, new LocalHost(folder?.HostId), folder);
    }

    private static void Validate(PodflareOptions options)
    {
        var mistakes = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), mistakes, validateAllProperties: true)) return;
        throw new OptionsValidationException(
            PodflareOptions.Section, typeof(PodflareOptions), mistakes.Select(mistake => $"{PodflareOptions.Section}: {mistake.ErrorMessage}"));
    }
}
