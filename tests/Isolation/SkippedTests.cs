using System.Reflection;

namespace Podflare.Isolation;

/// <summary>Which tests this machine skips. The list is part of the repository, so that no test is lost unnoticed.</summary>
public sealed class SkippedTests(Wall wall)
{
    [Fact]
    public void The_skipped_tests_are_those_of_the_list()
    {
        var skipped = typeof(SkippedTests).Assembly.GetTypes()
            .SelectMany(type => type.GetMethods(BindingFlags.Instance | BindingFlags.Public | BindingFlags.DeclaredOnly))
            .Where(test => NeedsLayerAttribute.WhySkipped(test, wall) is not null)
            .Select(test => $"{test.DeclaringType!.Name}.{test.Name}: {test.GetCustomAttribute<NeedsLayerAttribute>()!.Layer}")
            .Order(StringComparer.Ordinal);
        Assert.Equal(File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "skipped.txt")).Where(line => line.Length > 0), skipped);
    }
}
