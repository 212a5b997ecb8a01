using Microsoft.Extensions.Options;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Limits;
using Podflare.Runs;
using Podflare.Traffic;

namespace Podflare.Sandboxes;

/// <summary>The options that apply to one sandbox and its runs, the limits of tenants, and where it is counted what they do.</summary>
public sealed class SandboxSettings(
    IOptions<SandboxOptions> sandboxes, IOptions<RunOptions> runs, IOptions<ToolOptions> tools, IOptions<TemplateOptions> templates, IOptions<QuotaOptions> quota, ITenantLimits tenants, TenantShares shares, TrafficLog traffic)
{
    public SandboxOptions Sandboxes => sandboxes.Value;

    public RunOptions Runs => runs.Value;

    public ToolOptions Tools => tools.Value;

    public TemplateOptions Templates => templates.Value;

    /// <summary>The limits of tenants.</summary>
    public ITenantLimits Tenants => tenants;

    /// <summary>What this process may use of them.</summary>
    public TenantShares Shares => shares;

    /// <summary>What the tenants do on this process.</summary>
    public TrafficLog Traffic => traffic;

    /// <summary>How long a run waits while its tenant executes as many as it may.</summary>
    public TimeSpan RunPatience => TimeSpan.FromSeconds(quota.Value.RunWaitSeconds);

    /// <summary>Time between an interrupt (or a timeout) and the kill.</summary>
    public TimeSpan Grace => TimeSpan.FromSeconds(Runs.GraceSeconds);

    /// <summary>The tools of a run with the limits of their calls, which wait no longer than the run lasts.</summary>
    public GuestTools ToGuest(RunTools wanted, TimeSpan runTimeout)
    {
        var timeout = wanted.Timeout ?? TimeSpan.FromSeconds(Tools.TimeoutSeconds);
        return new GuestTools(wanted, timeout < runTimeout ? timeout : runTimeout, Tools.MaxOpen, Tools.MaxPerRun, Tools.MaxBytes);
    }

    /// <summary>The label of a template in metrics. A template that is gone from the options would be one more value for ever.</summary>
    public string LabelOf(string template) => Templates.ContainsKey(template) ? template : "other";

    /// <summary>The home of a template's sandboxes.</summary>
    public string HomeOf(string template) => Templates.GetValueOrDefault(template)?.Home ?? Template.DefaultHome;

    /// <summary>The memory limit of a sandbox and the size of its home, in MiB. For a template that this host does not know (any more): as they were asked for.</summary>
    public (int MemoryMib, int HomeMib) SizeOf(SandboxSpec spec)
    {
        if (Templates.GetValueOrDefault(spec.Template) is not { } template) return (spec.RamMib ?? 0, 0);
        var container = template.ToContainer(default, spec);
        return ((int)(container.MemoryBytes >> 20), (int)(container.HomeBytes >> 20));
    }
}
