namespace Podflare.Containers;

public sealed class IsolationOptionsTests
{
    [Fact]
    public void The_defaults_are_valid() => Assert.Empty(Mistakes(new IsolationOptions()));

    [Fact]
    public void Switching_a_layer_off_is_refused()
    {
        var mistakes = Mistakes(new IsolationOptions { SeccompProfile = "unconfined", AppArmorProfile = "unconfined" });
        Assert.Contains("SeccompProfile must not be unconfined.", mistakes, StringComparison.Ordinal);
        Assert.Contains("AppArmorProfile must not be unconfined.", mistakes, StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_is_read_before_the_first_sandbox_needs_it()
    {
        var folder = Directory.CreateTempSubdirectory("pf-");
        try
        {
            var file = Path.Combine(folder.FullName, "profile.json");
            Assert.Contains("SeccompProfile", Mistakes(new IsolationOptions { SeccompProfile = file }), StringComparison.Ordinal);
            File.WriteAllText(file, """{ "defaultAction": "SCMP_ACT_ALLOW" }""");
            Assert.Contains("allows every system call", Mistakes(new IsolationOptions { SeccompProfile = file }), StringComparison.Ordinal);
            File.WriteAllText(file, """{ "defaultAction": "SCMP_ACT_ERRNO", "syscalls": [] }""");
            var options = new IsolationOptions { SeccompProfile = file, AppArmorProfile = "podflare" };
            Assert.Empty(Mistakes(options));
            Assert.Equal(
                ["no-new-privileges", """seccomp={"defaultAction":"SCMP_ACT_ERRNO","syscalls":[]}""", "apparmor=podflare"],
                ContainerIsolation.From(options).SecurityOptions);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData(1_000, 64)]
    [InlineData(60_000, 2_000)]
    [InlineData(65_535, 64)]
    [InlineData(2_147_352_575, 65)]
    public void A_range_of_users_that_something_else_needs_is_refused(int first, int count) =>
        Assert.NotEmpty(Mistakes(new IsolationOptions { FirstUser = first, Users = count }));

    [Fact]
    public void A_range_for_user_namespaces_is_accepted() => Assert.Empty(Mistakes(new IsolationOptions { FirstUser = 20_000, Users = 16_384 }));

    [Fact]
    public void A_required_layer_must_exist() => Assert.Contains("there is no layer wall", Mistakes(new IsolationOptions { Required = ["seccomp", "wall"] }), StringComparison.Ordinal);

    private static string Mistakes(IsolationOptions options) => new IsolationOptionsValidator().Validate(null, options).FailureMessage ?? "";
}
