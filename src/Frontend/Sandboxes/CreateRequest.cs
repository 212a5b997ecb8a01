using System.Collections.Immutable;
using Podflare.Containers;
using Podflare.Limits;
using Podflare.Problems;
using Podflare.Requests;
using Podflare.Telemetry;

namespace Podflare.Sandboxes;

/// <summary>The validated body of a request to create a sandbox, with defaults and maxima applied.</summary>
/// <param name="Warnings">Values that were reduced, and options that are not offered.</param>
internal sealed record CreateRequest(SandboxSpec Spec, IReadOnlyList<string> Warnings)
{
    private const int MaxTemplate = 128;

    /// <summary>Binds the sandbox to the trace that the body names, otherwise to that of the request.</summary>
    public CreateRequest WithTrace(RequestTrace call)
    {
        var trace = Spec.Trace ?? call.Binding;
        var padded = $"the trace id of traceparent has 64 bits; it was padded to {trace.TraceParent}";
        return new CreateRequest(Spec with { Trace = trace }, trace.Padded ? [.. Warnings, padded] : Warnings);
    }

    /// <summary>Takes away network access that the tenant's own list of hosts does not include.</summary>
    /// <param name="tenantHosts">Null if the tenant has no such list.</param>
    public CreateRequest Within(ImmutableArray<string>? tenantHosts)
    {
        if (tenantHosts is not { } hosts) return this;
        var reduced = EgressHosts.Within(Spec, hosts, out var refused);
        if (ReferenceEquals(reduced, Spec)) return this;
        var warning = reduced.EgressHosts.IsEmpty ? "egress is not allowed for this tenant; the sandbox has no network access"
            : Spec.Egress ? "egress was reduced to the hosts that are allowed for this tenant"
            : $"egress to {string.Join(", ", refused)} is not allowed for this tenant";
        return new CreateRequest(reduced, [.. Warnings, warning]);
    }

    /// <param name="tenant">The limits of the caller's tenant; null where it has none.</param>
    /// <exception cref="ProblemException">400 that names each field, 422 for the trace, or 501 for an option that is not offered.</exception>
    public static CreateRequest Parse(ReadOnlySpan<byte> utf8, CreateOptions options, TemplateOptions templates, EffectiveLimits? tenant = null) =>
        // All fields are optional, so no body means the same as an empty object.
        JsonFieldReader.Read(utf8.IsEmpty ? "{}"u8 : utf8, (fields, errors) => Parse(ref fields, errors, options, templates, tenant));

    private static CreateRequest Parse(ref JsonFieldReader fields, FieldErrors errors, CreateOptions options, TemplateOptions templates, EffectiveLimits? tenant)
    {
        string? template = null;
        double? lifetime = null, idle = null;
        int? ram = null, rootfs = null;
        bool? persistent = null, capture = null;
        var egress = default(EgressRequest);
        string? traceParent = null, traceState = null;
        var metadata = ImmutableSortedDictionary<string, string>.Empty;
        var env = metadata;
        while (fields.Next())
        {
            if (fields.Is("template")) template = fields.Text(MaxTemplate);
            else if (fields.Is("timeout_seconds")) lifetime = fields.Positive();
            else if (fields.Is("idle_timeout_seconds")) idle = fields.Positive();
            else if (fields.Is("ram_mib")) ram = fields.Whole(options.MinRamMib);
            else if (fields.Is("rootfs_gb")) rootfs = fields.Whole(1);
            else if (fields.Is("egress")) egress = EgressRequest.Read(ref fields, errors);
            else if (fields.Is("persistent")) persistent = fields.Flag();
            else if (fields.Is("capture_content")) capture = fields.Flag();
            else if (fields.Is("metadata")) metadata = RequestFields.Metadata(ref fields, options.MaxMetadataPairs);
            else if (fields.Is("traceparent")) traceParent = fields.Text(int.MaxValue);
            else if (fields.Is("tracestate")) traceState = fields.Text(int.MaxValue);
            else if (fields.Is("env")) env = RequestFields.Env(ref fields, options.MaxEnvBytes);
            else fields.Skip();
        }

        errors.ThrowIfAny();
        if (persistent == true) throw new ProblemException(Problem.NotOffered("persistent"));

        if (template is null or "") template = options.DefaultTemplate;
        // Hosts apply the limits of templates that this process does not know.
        var limits = templates.GetValueOrDefault(template);
        var warnings = new List<string>();
        var trace = traceParent is null ? null : ReadTrace(traceParent, traceState, warnings);
        var (open, hosts) = egress.Grant(options, template, limits, warnings);
        return new CreateRequest(
            new SandboxSpec(
                template,
                RequestFields.Duration("timeout_seconds", lifetime, options.DefaultLifetimeSeconds, options.MaxLifetimeOf(tenant), warnings),
                RequestFields.Duration("idle_timeout_seconds", idle, options.DefaultIdleSeconds, options.MaxIdleOf(tenant), warnings),
                ram is { } mib && limits is not null ? (int)RequestFields.Cap("ram_mib", mib, limits.MemoryLimitMib, warnings) : ram,
                CapRootfs(rootfs, limits, warnings),
                open,
                metadata,
                env)
            { Trace = trace, EgressHosts = hosts, NoContent = capture == false },
            warnings);
    }

    private static TraceBinding ReadTrace(string text, string? state, List<string> warnings)
    {
        if (!TraceParent.TryParse(text, out var parent)) throw new ProblemException(new Problem(422, "invalid_traceparent", "traceparent is not a valid W3C traceparent"));
        var kept = TraceStateList.Read(state);
        if (kept is null && !string.IsNullOrWhiteSpace(state)) warnings.Add("tracestate is not valid and was ignored");
        return new TraceBinding(parent.Value, kept, Padded: parent.WasPadded);
    }

    private static int? CapRootfs(int? wanted, Template? limits, List<string> warnings)
    {
        if (limits is null || wanted is not { } gib || gib * 1024L <= limits.HomeLimitMib) return wanted;
        warnings.Add($"rootfs_gb was reduced to the maximum of {limits.HomeLimitMib} MiB");
        // When the maximum is the template's own size, a container from the pool has it. Otherwise the host reduces it.
        return limits.HomeLimitMib == limits.HomeMib ? null : wanted;
    }
}
