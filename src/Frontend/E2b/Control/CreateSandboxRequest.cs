using System.Collections.Immutable;
using Podflare.Containers;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Sandboxes;

namespace Podflare.E2b.Control;

/// <summary>Parses the body of a create. Members that are not known are ignored, because older clients send some; what would be promised and not kept is refused.</summary>
internal static class CreateSandboxRequest
{
    private const int MaxTemplate = 128;

    /// <param name="defaultSeconds">Lifetime when the request does not set one.</param>
    /// <param name="tenant">The limits of the caller's tenant; null where it has none.</param>
    /// <exception cref="ProblemException">400 that names each field, or 501 for what is not supported.</exception>
    public static CreateRequest Parse(ReadOnlySpan<byte> utf8, double defaultSeconds, E2bOptions dialect, CreateOptions options, TemplateOptions templates, EffectiveLimits? tenant) =>
        JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) =>
        {
            string? name = null;
            double? timeout = null;
            bool? internet = null, pauses = null;
            var (hasVolumes, hasNetwork) = (false, false);
            var metadata = ImmutableSortedDictionary<string, string>.Empty;
            var env = metadata;
            while (fields.Next())
            {
                if (fields.Is("templateID")) name = fields.Text(MaxTemplate);
                else if (fields.Is("timeout")) timeout = fields.Number(0, double.MaxValue);
                else if (fields.Is("metadata")) metadata = RequestFields.Metadata(ref fields, options.MaxMetadataPairs);
                else if (fields.Is("envVars")) env = RequestFields.Env(ref fields, options.MaxEnvBytes);
                else if (fields.Is("allow_internet_access")) internet = fields.Flag();
                else if (fields.Is("autoPause")) pauses = fields.Flag();
                else if (fields.Is("volumeMounts")) hasVolumes = fields.HasItems();
                else if (fields.Is("network")) hasNetwork = NetworkField.HasRules(ref fields);
                else fields.Skip();
            }

            errors.ThrowIfAny();
            if (pauses is true) throw E2bException.NotSupported("pausing is");
            if (hasVolumes) throw E2bException.NotSupported("volumes are");
            var template = dialect.TemplateOf(name);
            var lifetime = LifetimeOf(timeout ?? defaultSeconds, options.MaxLifetimeOf(tenant));
            var (open, hosts) = new EgressRequest(internet is false ? false : null, null).Grant(options, template, templates.GetValueOrDefault(template), []);
            // Where there is no network at all, every rule holds.
            if (hasNetwork && (open || !hosts.IsEmpty)) throw E2bException.NotSupported("network rules are");
            var idle = TimeSpan.FromSeconds(Math.Min(lifetime.TotalSeconds, options.MaxIdleOf(tenant)));
            return new CreateRequest(new SandboxSpec(template, lifetime, idle, null, null, open, metadata, env) { EgressHosts = hosts }, []);
        });

    /// <exception cref="E2bException">400: longer than allowed.</exception>
    public static TimeSpan LifetimeOf(double seconds, int most) => seconds <= most
        ? TimeSpan.FromSeconds(Math.Max(1, seconds))
        : throw new E2bException(StatusCodes.Status400BadRequest, $"Timeout cannot be greater than {most} seconds");
}
