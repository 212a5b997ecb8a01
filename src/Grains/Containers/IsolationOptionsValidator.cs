using Microsoft.Extensions.Options;

namespace Podflare.Containers;

[OptionsValidator]
internal sealed partial class IsolationLimitsValidator : IValidateOptions<IsolationOptions>;

/// <summary>Checks the options of isolation, and names all mistakes at once.</summary>
internal sealed class IsolationOptionsValidator : IValidateOptions<IsolationOptions>
{
    private const string Unconfined = "unconfined";

    // The guest marks what belongs together with supplementary groups of this range, and group numbers are those of the users.
    private const int FirstReserved = 61_184;
    private const int LastReserved = 65_535;

    public ValidateOptionsResult Validate(string? name, IsolationOptions options)
    {
        var result = new ValidateOptionsResultBuilder();
        result.AddResult(new IsolationLimitsValidator().Validate(name, options));
        foreach (var layer in options.Required ?? [])
        {
            if (!IsolationLayers.All.Contains(layer)) result.AddError($"Required: there is no layer {layer}.");
        }

        if (options.AppArmorProfile == Unconfined) result.AddError("AppArmorProfile must not be unconfined.");
        if (options.FirstUser is { } first && (long)first + options.Users - 1 is var last)
        {
            if (last > SandboxUsers.Last) result.AddError($"FirstUser and Users: the last number must not be above {SandboxUsers.Last}.");
            if (first <= LastReserved && last >= FirstReserved) result.AddError($"FirstUser and Users: {FirstReserved} to {LastReserved} must not be used.");
        }

        CheckProfile(options.SeccompProfile, result);
        return result.Build();
    }

    private static void CheckProfile(string? path, ValidateOptionsResultBuilder result)
    {
        if (path is null) return;
        if (path == Unconfined)
        {
            result.AddError("SeccompProfile must not be unconfined.");
            return;
        }

        try
        {
            _ = SeccompProfile.Read(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or FormatException)
        {
            result.AddError($"SeccompProfile: {e.Message}");
        }
    }
}
