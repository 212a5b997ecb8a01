using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;

namespace Podflare.Containers;

[OptionsValidator]
internal sealed partial class TemplateValidator : IValidateOptions<Template>;

/// <summary>Checks every template, and names all mistakes at once.</summary>
internal sealed partial class TemplateOptionsValidator(IOptions<EngineOptions> engine) : IValidateOptions<TemplateOptions>
{
    // Under gVisor its own threads count as well, and it dies of a smaller limit.
    private const int LeastGvisorPids = 1024;

    private const int MaxTemplates = 100;

    public ValidateOptionsResult Validate(string? name, TemplateOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        if (options.Count > MaxTemplates) result.AddError($"There are more than {MaxTemplates} templates.");
        foreach (var (key, template) in options)
        {
            if (!Name().IsMatch(key)) result.AddError($"{key}: a template's name is 1 to 63 of a-z, 0-9 and -.");
            result.AddResult(new TemplateValidator().Validate(key, template));
            if (template.HomeMib + template.TmpMib >= template.MemoryMib)
                result.AddError($"{key}: HomeMib and TmpMib together must stay below MemoryMib, because full they would leave no memory.");
            else if (template.HomeMib + template.TmpMib + template.ShmMib >= template.MemoryMib)
                result.AddError($"{key}: HomeMib, TmpMib and ShmMib together must stay below MemoryMib, because full they would leave no memory.");
            if (template.MaxMemoryMib < template.MemoryMib) result.AddError($"{key}: MaxMemoryMib must not be below MemoryMib.");
            if (template.MaxHomeMib < template.HomeMib) result.AddError($"{key}: MaxHomeMib must not be below HomeMib.");
            if (template.PoolMax < template.PoolMin) result.AddError($"{key}: PoolMax must not be below PoolMin.");
            if (template.Runtime is { } runtime && runtime != engine.Value.DefaultRuntime && !engine.Value.Runtimes.Contains(runtime))
                result.AddError($"{key}: Runtime {runtime} is not one of those that {EngineOptions.Section}:Runtimes allows.");
            if (template.Runtime is "runsc" && template.Pids < LeastGvisorPids)
                result.AddError($"{key}: with Runtime runsc, Pids must be {LeastGvisorPids} or more.");
        }

        return result.Build();
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,62}$")]
    private static partial Regex Name();
}
