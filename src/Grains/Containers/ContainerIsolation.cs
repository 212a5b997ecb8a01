namespace Podflare.Containers;

/// <summary>What the options of isolation come to: the same for all containers of a host.</summary>
/// <param name="Seccomp">The seccomp profile as JSON.</param>
/// <param name="AppArmor">The AppArmor profile; null for the engine's own.</param>
internal sealed record ContainerIsolation(string Seccomp, string? AppArmor)
{
    /// <exception cref="FormatException">The seccomp profile is not usable.</exception>
    /// <exception cref="IOException">The seccomp profile cannot be read.</exception>
    public static ContainerIsolation From(IsolationOptions options) => new(
        options.SeccompProfile is { } path ? SeccompProfile.Read(path) : SeccompProfile.Embedded,
        options.AppArmorProfile == "auto" ? null : options.AppArmorProfile);

    /// <summary>The engine's security options.</summary>
    public IList<string> SecurityOptions => ["no-new-privileges", $"seccomp={Seccomp}", .. AppArmor is null ? Array.Empty<string>() : [$"apparmor={AppArmor}"]];
}
